"""Every page of the site in every state somebody can meet it in."""

# A search by link shows what the form shows (test_pages).
STATES = {
    "home": "/",
    "search error": "/find?near=60601&age=old",
    "choose place": "/find?near=Springfield&need=depression",
    "place not found": "/find?near=Xyzzyville&need=grief",
    "results": "/find?near=60601&need=depression&need=anxiety",
    "results at night": "/find?near=60601&need=depression&need=anxiety",
    "no place": "/find?need=grief",
    "nothing nearby": "/find?near=Jordan, MT&need=anxiety",
    "filters leave nothing": "/find?near=Boise, ID&need=depression&language=vi&payment=free",
    "kratom": "/find?near=Boise, ID&need=anxiety&need=kratom",
    "self-harm": "/find?near=60601&need=self_harm",
    "another country": "/find?near=Nuuk&need=alcohol",
    "resource": "/resources/1",
    "therapist": "/resources/{therapist}",
    "merged resource": "/resources/{merged}",
    "something is wrong": "/resources/1/wrong",
    "report sent without a reason": "/resources/1/wrong",
    "thanks": "/resources/1/wrong/thanks",
    "crisis list": "/crisis",
    "crisis country": "/crisis/GB",
    "crisis country without lines": "/crisis/GL",
    "topics": "/topics",
    "topic": "/topics/kratom",
    "about": "/about",
    "not found": "/nothing-here",
}
# With the database gone.
DEGRADED = {"degraded search": "/find?near=60601", "degraded crisis": "/crisis"}
# Reached by a form's button.
SENT = ("report sent without a reason",)
ANSWERS = {
    "search error": 400,
    "report sent without a reason": 400,
    "not found": 404,
    "degraded search": 503,
    "degraded crisis": 503,
}
