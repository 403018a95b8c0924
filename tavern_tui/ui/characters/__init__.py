"""Parts of the character screen: what lies behind it and what can be done there. The screens: ``ui.screens``."""
