"""Drawings of the emulator's pictures as text: a shape a line, from back to front.

A line has a shape, its numbers and its colour. What begins with `both` stands at either side.

- `ellipse x y rx ry`, `box left top right bottom`, `arc x y r from to` (degrees)
- `polygon x,y x,y …`, `line width: x,y x,y …`
- `#rrggbb` (`#rrggbb*0.9` is darker), or `own`: the colour that the thing has; `own*0.9` is darker
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
# Who is drawn as a whole; `own` is the usual colour or the one that is asked for.
FIGURES = {
    "robot": ROBOT,
    "person": PERSON,
    "fish": """
polygon -1,-1.4 -1.75,-2 -1.75,-0.8 own*0.86
polygon -0.3,-2 0.3,-2.5 0.55,-1.95 own*0.86
ellipse 0 -1.4 1.2 0.75 own
ellipse 0.1 -1.15 0.8 0.4 own*1.14
arc -0.35 -1.4 0.32 300 60 own*0.7
arc 0.02 -1.4 0.32 300 60 own*0.7
polygon 0,-1.2 -0.35,-0.86 0.25,-1 own*0.8
ellipse 0.66 -1.6 0.2 0.2 #fafafc
ellipse 0.7 -1.6 0.1 0.1 #342e32
arc 1.02 -1.32 0.16 60 170 #342e32
""",
    "dragon": """
both polygon 0.6,-1.6 1.9,-2.6 1.7,-1.2 1.25,-1.35 0.9,-0.9 own*0.72
line 0.3: 0.6,-0.25 1.2,-0.3 1.55,-0.65 own*0.9
polygon 1.4,-0.62 1.72,-1.1 1.85,-0.6 #e8963c
ellipse 0 -0.8 0.85 0.95 own
ellipse 0 -0.7 0.52 0.72 #f4dc8c
both ellipse 0.42 -0.08 0.3 0.16 own*0.9
both polygon 0.3,-2.6 0.62,-3.3 0.7,-2.45 #f0e0b0
polygon -0.16,-2.7 0,-3.1 0.16,-2.7 #e8963c
ellipse 0 -2.05 0.85 0.75 own
ellipse 0 -1.78 0.52 0.36 own*1.18
both ellipse 0.16 -1.86 0.05 0.06 #342e32
both ellipse 0.36 -2.24 0.19 0.21 #fafafc
both ellipse 0.36 -2.22 0.09 0.13 #342e32
arc 0 -1.78 0.26 25 155 #342e32
both polygon 0.17,-1.6 0.29,-1.62 0.24,-1.44 #fafafc
""",
    "horse": """
line 0.2: -0.9,-1.45 -1.35,-1.2 -1.4,-0.5 own*0.55
box -0.62 -1 -0.38 0 own*0.78
box 0.3 -1 0.54 0 own*0.78
box -0.88 -1 -0.64 0 own
box 0.56 -1 0.8 0 own
ellipse 0 -1.3 1 0.52 own
polygon 0.35,-1.5 0.9,-2.7 1.35,-2.4 0.95,-1.1 own
ellipse 1.34 -2.42 0.5 0.28 own
ellipse 1.7 -2.36 0.22 0.2 own*1.15
polygon 0.9,-2.6 1.02,-3.05 1.18,-2.62 own
polygon 0.2,-1.62 0.7,-2.85 0.98,-2.72 0.66,-1.55 own*0.55
ellipse 1.28 -2.5 0.07 0.09 #342e32
ellipse 1.78 -2.36 0.04 0.04 #342e32
""",
    "snake": """
line 0.42: -1.4,-0.25 -0.8,-0.5 -0.3,-0.22 0.3,-0.4 0.6,-0.9 0.4,-1.5 own
line 0.12: -1.4,-0.25 -0.8,-0.5 -0.3,-0.22 0.3,-0.4 0.6,-0.9 0.4,-1.5 own*1.3
line 0.05: 0.4,-1.55 0.4,-1.22 #d64a3e
ellipse 0.4 -1.8 0.46 0.36 own
ellipse 0.22 -1.9 0.12 0.13 #fafafc
ellipse 0.58 -1.9 0.12 0.13 #fafafc
ellipse 0.23 -1.88 0.06 0.09 #342e32
ellipse 0.57 -1.88 0.06 0.09 #342e32
""",
    "turtle": """
both ellipse 0.7 -0.2 0.32 0.22 #8cb868
polygon -1.05,-0.55 -1.55,-0.3 -1.05,-0.3 #8cb868
ellipse 1.3 -1 0.44 0.4 #8cb868
ellipse 1.44 -1.1 0.08 0.1 #342e32
arc 1.42 -0.98 0.16 30 140 #342e32
ellipse 0 -0.9 1.15 0.82 own
box -1.15 -0.62 1.15 -0.38 own*0.78
polygon -0.3,-1.5 0.3,-1.5 0.48,-1.1 0,-0.78 -0.48,-1.1 own*1.3
both polygon 0.5,-1.4 0.9,-1.1 0.8,-0.75 0.6,-1 own*1.2
""",
    "butterfly": """
both ellipse 0.8 -2 0.76 0.7 own
both ellipse 0.64 -1.02 0.56 0.5 own*0.84
both ellipse 0.86 -2.05 0.36 0.32 #fcd054
both ellipse 0.68 -1 0.22 0.2 #fafafc
line 0.2: 0,-2.25 0,-0.8 #342e32
ellipse 0 -2.35 0.2 0.2 #342e32
both line 0.05: 0.05,-2.45 0.35,-2.95 #342e32
both ellipse 0.36 -2.97 0.07 0.07 #342e32
""",
    "frog": """
both ellipse 0.75 -0.22 0.5 0.28 own*0.88
ellipse 0 -0.7 0.85 0.7 own
ellipse 0 -0.6 0.55 0.5 #dcecb0
both ellipse 0.32 -0.1 0.25 0.14 own*0.88
both ellipse 0.52 -2.02 0.33 0.33 own
ellipse 0 -1.5 0.96 0.64 own
both ellipse 0.52 -2.06 0.22 0.22 #fafafc
both ellipse 0.52 -2.04 0.11 0.13 #342e32
arc 0 -1.68 0.48 25 155 #3a6a34
both ellipse 0.62 -1.4 0.12 0.08 #eca4a0
""",
}
# What makes an animal of the common shape its own: behind the head, on it below the face, and in
# front of all.
MARKS = {
    "tiger": (
        "",
        """
both line 0.1: 0.82,-2.2 0.54,-2.14 #342e32
both line 0.1: 0.8,-1.92 0.54,-1.92 #342e32
line 0.1: 0,-2.78 0,-2.48 #342e32
both line 0.09: 0.22,-2.72 0.18,-2.5 #342e32
both line 0.1: 0.9,-0.95 0.62,-0.9 #342e32
both line 0.1: 0.88,-0.65 0.6,-0.62 #342e32
""",
        "",
    ),
    "lion": ("ellipse 0 -2.05 1.26 1.14 own*0.66", "", ""),
    "pig": (
        "",
        "",
        """
ellipse 0 -1.84 0.32 0.24 #e88a94
both ellipse 0.11 -1.84 0.06 0.09 #a85866
""",
    ),
    "cow": (
        "both polygon 0.3,-2.6 0.72,-3.15 0.66,-2.5 #e8dcc0",
        "ellipse 0.44 -2.2 0.34 0.36 #4a4044\nellipse -0.5 -0.85 0.3 0.34 #4a4044",
        """
ellipse 0 -1.72 0.46 0.3 #f0bcb4
both ellipse 0.17 -1.74 0.07 0.08 #8a5a50
""",
    ),
    "sheep": (
        """
both ellipse 0.72 -2.3 0.42 0.42 own
both ellipse 0.4 -2.72 0.44 0.4 own
ellipse 0 -2.84 0.4 0.36 own
both ellipse 0.7 -1.2 0.45 0.45 own
both ellipse 0.8 -0.6 0.4 0.42 own
""",
        "ellipse 0 -1.95 0.62 0.62 #e0c8b4",
        "",
    ),
    "monkey": (
        """
both ellipse 0.94 -2.05 0.34 0.36 own*0.9
both ellipse 0.94 -2.05 0.2 0.22 #ecc8a4
""",
        """
both ellipse 0.28 -2.14 0.36 0.36 #ecc8a4
ellipse 0 -1.78 0.52 0.38 #ecc8a4
""",
        "",
    ),
    "elephant": (
        """
both ellipse 1.02 -2.1 0.56 0.7 own*0.88
both ellipse 1.02 -2.1 0.36 0.5 #dcaab0
""",
        "",
        """
both polygon 0.2,-1.62 0.36,-1.66 0.4,-1.2 #fafafc
line 0.36: 0,-1.9 0.04,-1.45 0.32,-1.1 own*0.92
""",
    ),
}
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
    "castle": """
both polygon 0.92,-2.2 1.3,-3 1.68,-2.2 #b2523e
both box 1 -2.2 1.6 0 own*0.9
box -1.2 -1.5 1.2 0 own
polygon -0.46,-2.5 0,-3.4 0.46,-2.5 #b2523e
box -0.36 -2.5 0.36 0 own*1.05
both box 0.5 -1.72 0.8 -1.4 own
both box 1.2 -1.8 1.4 -1.4 #744e38
box -0.12 -2.1 0.12 -1.6 #744e38
box -0.28 -0.8 0.28 0 #744e38
""",
    "bridge": """
line 0.3: -1.9,-0.2 -1.2,-0.85 -0.5,-1.2 0,-1.3 0.5,-1.2 1.2,-0.85 1.9,-0.2 own
both line 0.07: 1.2,-0.85 1.2,-1.35 own*0.7
both line 0.07: 0.5,-1.2 0.5,-1.7 own*0.7
line 0.07: -1.9,-0.65 -1.2,-1.35 -0.5,-1.7 0,-1.8 0.5,-1.7 1.2,-1.35 1.9,-0.65 own*0.7
both box 1.7 -0.5 2.1 0 own*0.8
""",
    "airplane": """
polygon -1.2,-1.6 -1.75,-2.35 -1.4,-2.35 -0.8,-1.65 #d64a3e
polygon 0.3,-1.55 -0.35,-2.25 -0.05,-2.25 0.8,-1.6 own*0.75
ellipse 0 -1.5 1.6 0.34 own
polygon 0.4,-1.4 -0.7,-0.6 -0.3,-0.6 0.9,-1.4 own*0.85
both ellipse 0.3 -1.6 0.09 0.09 #4a88c4
both ellipse 0.7 -1.58 0.09 0.09 #4a88c4
ellipse 0 -1.6 0.09 0.09 #4a88c4
ellipse 1.25 -1.58 0.2 0.12 #4a88c4
""",
    "rocket": """
polygon -0.26,-0.4 0,0.4 0.26,-0.4 #f6b43c
both polygon 0.36,-1 0.9,-0.15 0.34,-0.4 own
ellipse 0 -1.5 0.48 1.2 #f2f4f8
polygon -0.36,-2.3 -0.2,-2.7 0,-3 0.2,-2.7 0.36,-2.3 own
ellipse 0 -1.7 0.24 0.24 own*0.8
ellipse 0 -1.7 0.17 0.17 #4a88c4
""",
    "train": """
ellipse 1.15 -2.6 0.36 0.26 #f2f2f6
ellipse 0.85 -2.2 0.26 0.2 #f2f2f6
box 0.6 -1.95 0.95 -1.2 #342e32
box -1.7 -2.1 -0.7 -0.3 own*0.82
box -1.8 -2.2 -0.6 -2 #342e32
box -1.45 -1.85 -0.95 -1.3 #cee4ee
box -0.8 -1.35 1.3 -0.3 own
polygon 1.3,-0.3 1.75,-0.15 1.3,-0.9 own*0.66
ellipse -1.2 -0.25 0.32 0.32 #342e32
ellipse -0.3 -0.25 0.26 0.26 #342e32
ellipse 0.5 -0.25 0.26 0.26 #342e32
ellipse 1 -0.98 0.14 0.14 #f6e08c
""",
    "bicycle": """
both arc 0.85 -0.55 0.55 0 360 #342e32
both arc 0.85 -0.55 0.5 0 360 #342e32
line 0.09: -0.85,-0.55 -0.3,-1.35 0.5,-1.35 0.85,-0.55 own
line 0.09: -0.3,-1.35 0,-0.55 -0.85,-0.55 own
line 0.09: 0,-0.55 0.5,-1.35 own
line 0.09: 0.5,-1.35 0.42,-1.7 0.75,-1.78 #342e32
line 0.09: -0.3,-1.35 -0.36,-1.55 own
line 0.16: -0.58,-1.58 -0.14,-1.58 #342e32
""",
    "umbrella": """
line 0.08: 0,-2.6 0,-0.25 0.1,-0.08 0.26,-0.2 #70523c
polygon -1.3,-1.5 -1.12,-2.08 -0.62,-2.52 0,-2.68 0.62,-2.52 1.12,-2.08 1.3,-1.5 own
polygon -0.45,-1.5 -0.32,-2.2 0,-2.66 0.32,-2.2 0.45,-1.5 own*1.22
line 0.07: 0,-2.65 0,-2.85 #70523c
""",
    "lantern": """
line 0.05: 0,-3 0,-2.4 #342e32
ellipse 0 -1.6 0.98 0.8 own
ellipse 0 -1.6 0.58 0.8 own*1.14
ellipse 0 -1.6 0.2 0.8 own*1.28
box -0.4 -2.5 0.4 -2.32 #deac3c
box -0.4 -0.88 0.4 -0.7 #deac3c
line 0.06: 0,-0.7 0,-0.1 #deac3c
both line 0.06: 0.14,-0.7 0.14,-0.2 #deac3c
""",
    "cake": """
ellipse 0 0 1.6 0.2 #fafafc*0.92
box -1.25 -1.2 1.25 0 own
box -1.25 -0.66 1.25 -0.52 #fafafc
both ellipse 0.83 -1.02 0.42 0.26 #fafafc
ellipse 0 -1.02 0.46 0.28 #fafafc
box -1.25 -1.36 1.25 -1.02 #fafafc
both box 0.54 -2 0.66 -1.3 #4a88c4
box -0.06 -2.1 0.06 -1.3 #de5c46
both ellipse 0.6 -2.14 0.1 0.17 #f6b43c
ellipse 0 -2.24 0.1 0.17 #f6b43c
""",
    "apple": """
both ellipse 0.32 -0.9 0.72 0.88 own
line 0.1: 0,-1.55 0.1,-2.1 #70523c
ellipse 0.44 -2 0.36 0.16 #5c9458
ellipse -0.56 -1.2 0.14 0.25 own*1.4
""",
    "mushroom": """
polygon -0.38,0 -0.26,-1.2 0.26,-1.2 0.38,0 #f4ead8
polygon -1.15,-1.05 -1,-1.65 -0.55,-2.1 0,-2.25 0.55,-2.1 1,-1.65 1.15,-1.05 own
ellipse 0 -1.06 1.14 0.16 own*0.8
ellipse 0 -1.72 0.22 0.22 #fafafc
both ellipse 0.62 -1.42 0.17 0.17 #fafafc
""",
    "cup": """
line 0.16: 0.66,-1.25 1.12,-1.15 1.14,-0.7 0.6,-0.45 own*0.86
polygon -0.82,-1.5 0.82,-1.5 0.62,0 -0.62,0 own
ellipse 0 -1.5 0.82 0.2 own*0.86
ellipse 0 -1.47 0.7 0.14 #6a4632
both line 0.06: 0.28,-1.85 0.18,-2.15 0.3,-2.45 #fafafc
line 0.06: 0,-1.95 0.1,-2.25 -0.02,-2.55 #fafafc
""",
    "heart": """
both ellipse 0.46 -1.8 0.52 0.5 own
polygon -0.93,-1.58 0.93,-1.58 0,-0.3 own
ellipse -0.62 -1.98 0.14 0.12 own*1.3
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
    "castle": "#c8bca8",
    "bridge": "#a87c58",
    "airplane": "#e8ecf2",
    "rocket": "#d64a3e",
    "train": "#3e7ab8",
    "bicycle": "#d64a3e",
    "rainbow": "#d64a3e",
    "umbrella": "#4a78c8",
    "lantern": "#d0342c",
    "cake": "#f0c294",
    "apple": "#d23a34",
    "mushroom": "#d0443a",
    "cup": "#e8e4dc",
    "heart": "#de3e52",
    "robot": "#96a8ba",
    "person": "#e87854",
    "fish": "#f08a3c",
    "dragon": "#5cae6a",
    "horse": "#a0704a",
    "snake": "#6ca84c",
    "turtle": "#5c8a4c",
    "butterfly": "#8a62c0",
    "frog": "#6cb45c",
}
