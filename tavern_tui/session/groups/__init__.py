"""Group chats in progress: who is in one, who speaks next, who knows what. What a speaker reads is ``prompt.group``."""
