"""What a recogniser of expressions can't do, and what the law says of it: one wording wherever emolab says so.

Report, model card, viewer, every picture of the viewer's and the page of `display=web` take it from here.
"""

NOTICE = "Names how a face looks, not what a person feels. Errs often."  # short: it's drawn on every picture

EXPRESSION = (
    "The network names the expression that people who labelled such photographs would have named. It doesn't know "
    "what anybody feels."
)

ERRORS = (  # of a page with numbers
    "It errs as often as the numbers above say on photographs like these, and more often on others: other cameras, "
    "light, ages, skin tones, cultures, and crops."
)

LAW = (
    "Article 5(1)(f) of the EU AI Act (Regulation (EU) 2024/1689) prohibits systems that infer emotions of people at "
    "work and in education, except for medical or safety reasons. Elsewhere such systems are high-risk, and the "
    "people concerned have to be told."
)
