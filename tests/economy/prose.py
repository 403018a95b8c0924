"""Sentences for the sessions, put together from lists of words: calm, of any number, never twice the same by chance.

What they say does not matter; that they differ, have the length of real turns and hold no lore key does.
"""

from __future__ import annotations

from random import Random

WHO = (
    "the ferryman", "an old sailor", "the baker's son", "her cousin", "the postmistress", "a travelling clockmaker",
    "the schoolteacher", "my grandmother", "the night watchman", "a boy with a kite", "the beekeeper",
    "two fishermen", "the librarian", "a woman in a green coat", "the piano tuner", "our neighbour", "the gardener",
    "a young cartographer", "the glassblower", "the miller's daughter", "a tired musician", "the harbour cat",
    "some children", "the stonemason",
)  # fmt: skip
DID = (
    "carried", "found", "mended", "painted", "forgot", "hid", "borrowed", "polished", "followed", "measured",
    "traded", "counted", "described", "brought", "left behind", "wrapped up", "looked for", "pointed at", "drew",
    "praised", "wrote about", "asked for", "kept", "dropped",
)  # fmt: skip
WHAT = (
    "a brass lantern", "the blue teapot", "a bundle of letters", "an unfinished map", "three jars of honey",
    "the cracked mirror", "a wooden flute", "a sack of walnuts", "the spare oar", "a tin of buttons",
    "the longest ladder", "a book of tides", "a woollen scarf", "the second key", "a basket of pears",
    "the music box", "a coil of rope", "the garden gate", "a jar of ink", "the striped umbrella",
    "a pair of gloves", "the kitchen clock", "a paper boat", "a bowl of soup",
)  # fmt: skip
WHERE = (
    "by the harbour wall", "under the stairs", "at the edge of the orchard", "behind the chapel",
    "in the upper room", "near the old pump", "on the far bank", "beside the stove", "at the crossroads",
    "in the reeds", "below the mill", "between two shelves", "on the windowsill", "in the market square",
    "along the canal", "next to the well", "at the top of the hill", "under a wet sail", "in the attic",
    "on the last step", "beyond the dunes", "at the back of the shop", "across the meadow",
    "in the empty classroom",
)  # fmt: skip
WHEN = (
    "this morning", "long before sunrise", "after the rain", "on the first day of autumn", "while nobody looked",
    "just as the bell rang", "last winter", "when the lamps were lit", "two evenings ago", "before supper",
    "in the middle of the night", "during the regatta", "once the fog had lifted", "at low tide",
    "every second Thursday", "as soon as the bread was done", "between two showers", "on my birthday",
    "late in the summer", "before anyone woke",
)  # fmt: skip
FEEL = (
    "quietly pleased", "a little worried", "out of breath", "more curious than before", "certain of it",
    "half asleep", "glad of the company", "not quite convinced", "as proud as a heron", "unusually silent",
    "ready to laugh", "patient", "cold to the bone", "warm again", "lost in thought", "amused", "surprised",
    "stubborn about it", "relieved", "careful",
)  # fmt: skip
MOVE = (
    "turns the cup in both hands", "leans against the doorframe", "pulls a chair closer", "counts on five fingers",
    "wipes the table with a sleeve", "looks out at the water", "folds the paper twice", "lowers the lamp", "smiles",
    "hums two bars of a song", "taps the glass", "shakes the rain from a hat", "stirs the embers",
    "opens the ledger", "listens for a moment", "ties a knot and unties it", "pushes the plate across",
    "nods slowly", "points to the shelf", "draws a line in the flour",
)  # fmt: skip
SENTENCES = (
    "{Who} {did} {what} {where} {when}.",
    "*{name} {move}.* \"{Who} {did} {what}, and I was {feel} about it.\"",
    "\"You would not believe it, but {who} {did} {what} {where}.\"",
    "{When}, {who} {did} {what} {where}, {feel}.",
    "\"If you want {what}, ask {who}; you will find them {where}.\"",
    "Nobody saw who {did} {what}, though {who} was {where} {when}.",
    "*{name} {move} and {move2}.*",
    "\"I have {what} {where}, and {what2} as well,\" {name} says, {feel}.",
    "There is {what} {where}; {who} put it there {when}.",
    "\"{When}? No. It was {who}, {feel}, with {what}.\"",
    "Perhaps {who} only {did} {what} because {who2} was {feel}.",
    "The two of them were {where} {when}, and both were {feel}.",
)  # fmt: skip
ASKED = (
    "I look for {what} {where}.",
    "Did {who} ever come back {where}?",
    "What happened to {what}?",
    "\"I was {feel} {when},\" I say. \"And you?\"",
    "I sit down {where} and wait until you are {feel}.",
    "Tell me more about {who}.",
    "I think {who} {did} {what} {when}.",
    "We could go and look {where}, if you like.",
    "\"Was that {who} {where}?\"",
    "I put {what} on the table. \"Look at this.\"",
    "Why would {who} leave {what} {where}?",
    "I nod and say nothing for a while.",
)  # fmt: skip
FACTS = (
    "{Key} is where {who} {did} {what} {when}.",
    "Those who live there keep {what} {where} and {what2} {where2}.",
    "It is said that {who} was {feel} there {when}.",
    "Its keeper, {who}, never parts with {what}.",
    "Strangers find it {where} and leave {what} as thanks.",
    "{When}, {who} and {who2} met there, both {feel}.",
    "Ask {who2} for the way; it begins {where}.",
)  # fmt: skip
TRAITS = (
    "{name} grew up {where} and learned from {who} how {who2} once {did} {what}.",
    "{name} is {feel} among friends and {feel2} among strangers.",
    "{name} keeps {what} {where} and {what2} {where2}, and shows them to nobody before {when}.",
    "{When}, {name} {did} {what} {where}; {who} still speaks of it.",
    "{name} trusts {who} with {what}, but never {who2}.",
    "When {name} is {feel}, there is always {what} {where}.",
)  # fmt: skip
_CUES = ("And then?", "Go on.", "I see.", "Where was that?", "Oh.", "Is that so?", "Hm.", "Show me.", "Good.", "Wait.")


class Prose:
    """Sentences drawn with a seed."""

    def __init__(self, seed: int) -> None:
        self._dice = Random(seed)

    def sentence(self, forms: tuple[str, ...] = SENTENCES, *, name: str = "", key: str = "") -> str:
        """One sentence of one of ``forms``; ``name`` is who acts in it, ``key`` what it tells of."""
        pick = self._dice.choice
        words = {
            word: pick(choices)
            for word, choices in (
                ("who", WHO), ("who2", WHO), ("did", DID), ("what", WHAT), ("what2", WHAT), ("where", WHERE),
                ("where2", WHERE), ("when", WHEN), ("feel", FEEL), ("feel2", FEEL), ("move", MOVE), ("move2", MOVE),
            )
        }  # fmt: skip
        words |= {word.capitalize(): text[0].upper() + text[1:] for word, text in list(words.items())}
        return pick(forms).format(**words, name=name, key=key, Key=key)

    def cue(self) -> str:
        """A few words that fill up a turn."""
        return self._dice.choice(_CUES)

    def size(self, least: int, mean: int, most: int) -> int:
        """A number from ``least`` to ``most`` whose mean over many is ``mean``: mostly small, sometimes large."""
        share = (mean - least) / (most - least)
        return round(least + (most - least) * self._dice.betavariate(4 * share, 4 * (1 - share)))
