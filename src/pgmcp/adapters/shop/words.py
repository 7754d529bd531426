"""The words that the sample shop's names, streets and texts are put together from; every one is made up."""

FIRST_NAMES = (
    *("Ana", "Bento", "Carla", "Duarte", "Emília", "Filipe", "Greta", "Hugo", "Inês", "João", "Kristýna", "Łukasz"),
    *("Mário", "Nuno", "Olívia", "Øyvind", "Petra", "Quirin", "Rosa", "Søren", "Teresa", "Uli", "Vera", "Zoë"),
)
LAST_NAMES = (
    *("Almeida", "Barros", "Cardoso", "Dvořák", "Esteves", "Ferreira", "Grøndahl", "Henriques", "Iversen", "Jansen"),
    *("Kowalska", "Lopes", "Müller", "Nogueira", "O'Brien", "Pinto", "Quintela", "Rocha", "Šimek", "Tavares"),
)
# City, country and how its postal codes look; `#` stands for a digit.
CITIES = (
    ("Lisboa", "PT", "1###-###"),
    ("Porto", "PT", "4###-###"),
    ("Braga", "PT", "47##-###"),
    ("Évora", "PT", "7###-###"),
    ("Brno", "CZ", "6## ##"),
    ("Gdańsk", "PL", "80-###"),
    ("Köln", "DE", "50###"),
    ("Århus", "DK", "8###"),
    ("Oslo", "NO", "0###"),
    ("Cork", "IE", "T12 X##"),
)
STREETS = (
    "Rua das Amoreiras",
    "Rua do Sol",
    "Travessa Nova",
    "Hauptstraße",
    "Lidická",
    "Storgata",
    "Mill Lane",
    "Długa",
)
ADDRESS_LABELS = ("home", "work", "parents", "holidays")
LANGUAGES = ("pt", "en", "de", "cs", "pl", "da")

# A category, its parent, and what is sold in it.
CATEGORIES = (
    ("Home", None, ()),
    ("Kitchen", "Home", ("teapot", "chopping board", "pepper mill", "salad bowl", "coffee grinder", "bread knife")),
    ("Living room", "Home", ("reading lamp", "wool blanket", "side table", "cushion", "floor rug", "wall clock")),
    ("Bathroom", "Home", ("bath towel", "soap dish", "laundry basket", "mirror")),
    ("Garden", None, ()),
    ("Tools", "Garden", ("hand trowel", "pruning shears", "watering can", "garden hose", "wheelbarrow")),
    ("Seeds", "Garden", ("tomato seeds", "basil seeds", "sunflower seeds", "lettuce seeds")),
    ("Office", None, ()),
    ("Paper", "Office", ("notebook", "sketch pad", "letter paper", "desk calendar")),
    ("Desk", "Office", ("fountain pen", "pencil case", "paper tray", "desk lamp", "cable box")),
)
MODELS = ("Alba", "Brisa", "Cedro", "Duna", "Estrela", "Faro", "Granito", "Horta")
COLOURS = ("white", "black", "green", "terracotta", "indigo", "natural")
MATERIALS = ("oak", "cork", "linen", "wool", "steel", "clay", "glass", "paper")
TAGS = ("new", "bestseller", "handmade", "recycled", "gift", "outlet", "limited")
WAREHOUSES = (("Lisboa", "PT"), ("Porto", "PT"), ("Köln", "DE"))
NOTES = (
    "Leave it with the neighbour",
    "Ring twice",
    "Gift: no invoice in the box",
    "Call before delivery, 50% are away",
)
REVIEW_TITLES = (
    "Does its job",
    "Lovely",
    "Not what I hoped for",
    "Better than in the picture",
    "Good value",
    "Broke soon",
)
REVIEW_TEXTS = (
    "Arrived in two days and well packed.",
    "The colour is a little darker than in the picture.",
    "I bought a second one for my sister.",
    "After a month it looks like new.",
    "The handle came loose; the shop sent another one.",
)
