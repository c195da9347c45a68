"""Drawings of the emulator's pictures as text: a shape a line, from back to front.

A line has a shape, its numbers and its colour. What begins with `both` stands at either side.

- `ellipse x y rx ry`, `box left top right bottom`, `arc x y r from to` (degrees)
- `polygon x,y x,y …`, `line width: x,y x,y …`
- `#rrggbb`, or `own`: the colour that the thing has; `own*0.9` is darker
"""

ROBOT = """
both box 0.22 -0.5 0.62 0 own*0.66
both line 0.22: 0.8,-1.25 1.1,-0.7 own*0.66
box -0.8 -1.5 0.8 -0.4 own
box -0.45 -1.28 0.45 -0.72 own*1.2
ellipse -0.24 -1 0.08 0.08 #d64a3e
ellipse 0 -1 0.08 0.08 #f0c450
ellipse 0.24 -1 0.08 0.08 #5cb06e
line 0.06: 0,-2.7 0,-2.95 own*0.66
ellipse 0 -3 0.1 0.1 #d64a3e
box -0.72 -2.72 0.72 -1.56 own
both ellipse 0.32 -2.2 0.2 0.2 #fafafc
both ellipse 0.32 -2.2 0.1 0.1 #342e32
box -0.34 -1.86 0.34 -1.76 #342e32
"""
PERSON = """
both box 0.11 -0.7 0.41 0 #4a5470
both ellipse 0.3 -0.02 0.24 0.1 #342e32
both line 0.24: 0.5,-1.35 0.86,-0.82 own*0.9
both ellipse 0.88 -0.78 0.13 0.13 #f6ceac
polygon -0.5,-1.6 0.5,-1.6 0.72,-0.6 -0.72,-0.6 own
ellipse 0 -2.26 0.72 0.72 #463028
ellipse 0 -2.12 0.6 0.6 #f6ceac
ellipse 0 -2.6 0.5 0.2 #463028
both ellipse 0.22 -2.12 0.07 0.09 #342e32
both ellipse 0.36 -1.92 0.1 0.06 #eca4a0
arc 0 -1.95 0.16 20 160 #aa544c
"""
# What is worn, around a head whose radius is one unit.
WORN = {
    "hat": """
polygon -0.7,-0.78 -0.56,-1.62 0.56,-1.62 0.7,-0.78 own
ellipse 0 -1.6 0.57 0.22 own*1.08
polygon -0.69,-0.8 -0.65,-1.06 0.65,-1.06 0.69,-0.8 own*0.78
ellipse 0 -0.76 1.14 0.2 own
ellipse 0 -0.83 0.78 0.1 own*0.78
""",
    "scarf": """
ellipse 0 1 0.82 0.24 own
polygon 0.2,1.05 0.62,1 0.72,2 0.36,2.05 own*0.86
""",
    "glasses": """
line 0.07: -0.2,-0.06 0.2,-0.06 own
both ellipse 0.44 -0.05 0.32 0.3 own
both ellipse 0.44 -0.05 0.24 0.22 #cee2ec
both ellipse 0.44 -0.02 0.1 0.13 #342e32
""",
    "bow": """
both polygon 0,1.05 0.52,0.76 0.52,1.36 own
ellipse 0 1.05 0.14 0.16 own*0.8
""",
    "crown": """
polygon -0.62,-0.72 -0.7,-1.5 -0.34,-1.14 0,-1.66 0.34,-1.14 0.7,-1.5 0.62,-0.72 own
both ellipse 0.7 -1.5 0.1 0.1 #ce4242
ellipse 0 -1.66 0.1 0.1 #ce4242
""",
}
THINGS = {
    "tree": """
polygon -0.14,0 -0.08,-1.4 0.08,-1.4 0.14,0 #76543c
ellipse -0.5 -1.5 0.55 0.55 own
ellipse 0.5 -1.55 0.55 0.55 own
ellipse 0 -2.1 0.72 0.72 own
ellipse 0 -1.5 0.6 0.6 own
ellipse -0.2 -2.3 0.36 0.32 own*1.15
""",
    "house": """
box 0.62 -2.5 0.9 -1.5 #965c4a
box -1.05 -1.45 1.05 0 own
polygon -1.4,-1.35 0,-2.65 1.4,-1.35 #b2523e
box -0.24 -0.86 0.26 0 #744e38
both box 0.46 -1 0.9 -0.56 #ffe28e
""",
    "boat": """
line 0.07: 0,-0.5 0,-2.8 #70523c
polygon 0.1,-2.75 0.1,-0.62 1.35,-0.62 #fafafc
polygon -0.1,-2.4 -0.1,-0.62 -1,-0.62 #fafafc*0.9
polygon -1.4,-0.5 1.5,-0.5 1.05,0.05 -1,0.05 own
""",
    "balloon": """
both line 0.03: 0.532,-1.4 0.28,-0.35 #705c4c
ellipse 0 -2.1 1 1.05 own
ellipse 0 -2.1 0.62 1.05 own*1.2
ellipse 0 -2.1 0.24 1.05 #fafafc
box -0.3 -0.4 0.3 0 #966c46
""",
    "car": """
polygon -0.8,-0.8 -0.5,-1.3 0.5,-1.3 0.85,-0.8 own*1.1
polygon -0.62,-0.82 -0.42,-1.2 0.42,-1.2 0.66,-0.82 #cee4ee
box -1.35 -0.85 1.35 -0.22 own
both ellipse 0.78 -0.2 0.3 0.3 #342e32
both ellipse 0.78 -0.2 0.13 0.13 #d2d2d6
""",
}
SNOW_ON_ROOF = "polygon -1.35,-1.35 0,-2.62 1.35,-1.35 0,-2.1 #fafafc"
USUAL_COLOURS = {
    "tree": "#5c9458",
    "house": "#ecd6b2",
    "pagoda": "#ba4a3c",
    "lighthouse": "#d03e38",
    "boat": "#9e583e",
    "balloon": "#de5c46",
    "car": "#ce423a",
    "flowers": "#e66868",
}
