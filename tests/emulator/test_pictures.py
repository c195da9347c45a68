"""Pictures that the emulator draws."""

import colorsys
import io
import re

import pytest


@pytest.mark.parametrize("prompt", ["a\rb", "a\x85b", "a\nb", "\x00", "字\u2028"])
def test_a_picture_is_drawn_whatever_its_prompt_holds(prompt):
    from ernie_magic.emulator import pictures

    assert pictures.draw_picture(prompt, "Base", (1024, 1024), 1).startswith(b"\x89PNG")


def drawn(prompt, seed=1, size=(192, 192), style="Base"):
    from PIL import Image

    from ernie_magic.emulator import pictures

    return Image.open(io.BytesIO(pictures.draw_picture(prompt, style, size, seed)))


def share_of_hue(image, box, hues, least_saturation=0.5):
    """The share of pixels in a part of a picture whose hue, in degrees, is within `hues`."""
    width, height = image.size
    part = image.crop((width * box[0], height * box[1], width * box[2], height * box[3]))
    raw = part.convert("RGB").tobytes()
    found = 0
    for i in range(0, len(raw), 3):
        hue, saturation, value = colorsys.rgb_to_hsv(*(byte / 255 for byte in raw[i : i + 3]))
        low, high = hues
        is_within = low <= hue * 360 <= high or low <= hue * 360 - 360 <= high
        found += is_within and saturation >= least_saturation and value > 0.3
    return found / (len(raw) // 3)


HEAD = (0.3, 0.2, 0.7, 0.5)
RED, BLUE, GREEN = (-12, 12), (200, 235), (90, 160)


@pytest.mark.parametrize(
    ("prompt", "bare", "hues"),
    [
        ("一只白猫，红帽子", "一只白猫", RED),
        ("一只黑猫，戴着蓝色的帽子", "一只黑猫", BLUE),
        ("a white cat with a red hat", "a white cat", RED),
        ("a dog in a green hat", "a dog", GREEN),
        ("雪地里戴红帽子的小兔子", "雪地里的小兔子", RED),
        ("a robot wearing a red cap, night", "a robot, night", RED),
        ("an astronaut, whose hat is blue", "an astronaut", BLUE),
    ],
)
def test_the_hat_that_is_asked_for_is_drawn_in_its_colour(prompt, bare, hues):
    with_hat, without = (share_of_hue(drawn(one), HEAD, hues) for one in (prompt, bare))
    assert with_hat > without + 0.05


NOUNS = (
    "一条鱼/a fish 龙/a dragon 白马/a horse 奶牛/a cow 绵羊/sheep 小猪/a pig 大象/an elephant "
    "老虎/a tiger 狮子/a lion 猴子/a monkey 青蛙/a frog 乌龟/a turtle 蛇/a snake 蝴蝶/a butterfly "
    "城堡/a castle 石桥/a bridge 飞机/an airplane 火箭/a rocket 火车/a train 自行车/a bicycle "
    "彩虹/a rainbow 雨伞/an umbrella 灯笼/a lantern 蛋糕/a cake 苹果/an apple 蘑菇/mushrooms "
    "一杯咖啡/a cup of coffee 爱心/a heart"
)


def test_common_nouns_are_drawn_in_both_languages():
    from ernie_magic.emulator import scenes

    def read(prompt):
        scene = scenes.read_scene(prompt)
        return scene.animal, tuple(scene.things)

    pairs = [noun.split("/") for noun in re.findall(r"\S+/(?:an? )?\w+(?: of coffee)?", NOUNS)]
    found = [read(chinese) for chinese, _ in pairs]
    assert found == [read(english) for _, english in pairs]
    assert len(set(found)) == len(pairs) == 28
    drawings = {drawn(chinese, 1, (48, 48)).crop((0, 0, 48, 36)).tobytes() for chinese, _ in pairs}
    assert len(drawings) == len(pairs)


@pytest.mark.parametrize(
    "prompt",
    [
        "牛奶",
        "印象",
        "马路",
        "恐龙",
        "蜗牛",
        "羊毛",
        "河马",
        "a fishing rod",
        "planet",
        "龙卷风",
        "马尔代夫",
        "罗马",
        "牛顿",
        "马虎",
    ],
)
def test_a_word_that_holds_a_noun_of_another_thing_draws_no_animal(prompt):
    from ernie_magic.emulator import scenes

    scene = scenes.read_scene(prompt)
    assert (scene.animal, scene.things) == ("", {})


@pytest.mark.parametrize("prompt", ["一只白猫", "山和太阳", "a boat at sunset", "night in a city"])
def test_no_sky_is_magenta_or_green(prompt):
    for seed in range(12):
        for style in ("Base", "Neonpunk"):
            image = drawn(prompt, seed, (64, 64), style)
            assert share_of_hue(image, (0, 0, 1, 0.3), (265, 345), 0.12) < 0.01
            assert share_of_hue(image, (0, 0, 1, 0.3), (70, 165), 0.15) < 0.01


def test_the_same_prompt_and_seed_draw_the_same_picture_and_another_seed_another():
    one, same, other = (drawn("一只白猫，红帽子", seed).tobytes() for seed in (1, 1, 2))
    assert one == same
    assert one != other


@pytest.mark.parametrize(
    "prompt",
    [
        "两只狗和一只鸟在花园",
        "a fox, a bear and a panda",
        "三只小鸡 rain",
        "老师在学校 with glasses and a bow",
        "a queen with a crown and scarf",
        "mice in the snow",
        "西湖边的塔、热气球和汽车",
        "",
        "0" * 500,
    ],
)
@pytest.mark.parametrize("size", [(96, 64), (64, 96)])
def test_every_figure_can_be_drawn_in_every_style(prompt, size):
    for style in ("Base", "Pixel Art", "Line Art", "Analog Film"):
        assert drawn(prompt, 3, size, style).size == size
