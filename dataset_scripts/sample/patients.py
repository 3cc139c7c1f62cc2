"""One invented patient: what must agree between the four sections of a record."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, TypeAlias

Case: TypeAlias = Mapping[str, Any]

JOBS = {
    "toddler": ("散居儿童",),
    "child": ("学龄前儿童", "散居儿童", "幼托儿童"),
    "pupil": ("小学生",),
    "student": ("中学生",),
    "young": ("职员", "技术员", "销售员", "司机", "教师", "程序员", "厨师", "护工"),
    "middle": ("农民", "教师", "工人", "会计", "司机", "个体经营者", "公务员", "厨师", "建筑工人", "超市店员"),
    "old": ("退休工人", "退休教师", "农民", "退休职员", "退休会计", "务农"),
}
HOMES = ("城区居住", "现住乡镇", "本市居民", "家住农村")
SMALL = ("toddler", "child")  # no blood pressure, another pulse, and the parents speak
DATE_STYLES = ("{0}年{1}月{2}日", "{0}-{1:02}-{2:02}", "{0}.{1}.{2}", "{0}/{1}/{2}", "{0}年{1:02}月{2:02}日")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")


@dataclass(frozen=True)
class Patient:
    """`words` are put into phrases; `age_group` is a key of JOBS; `style` is how the record writes."""

    case: Case
    words: dict[str, str]
    age_group: str
    style: dict[str, str]


def draw_patient(case: Case, phrases: Mapping[str, Any], rng: random.Random) -> Patient:
    """A patient whom the case fits."""
    low, high = map(int, str(case["年龄"]).split("-"))
    age = rng.randint(low, high)
    group = _age_group(age)
    sex = case.get("性别") or rng.choice("男女")
    course = rng.choice(case["病程"])
    pace = pace_of(course)
    style = {
        "comma": rng.choice(["，"] * 6 + [","]),
        "colon": rng.choice(["："] * 6 + [":", ": "]),
        "degree": rng.choice(["℃", "℃", "℃", "°C"]),
        "number": rng.choice(["{}.", "{}、", "（{}）", "{}．", ""]),
        "indent": rng.choice([""] * 8 + ["　　"]),
    }
    words = {
        "称": "患儿" if group in SMALL else "患者",
        "性别": sex,
        "年龄": _age(age, group, rng),
        "职业": rng.choice(JOBS[group]),
        "民族": rng.choice(phrases["民族"] + ["汉族"] * 6),
        "居住": rng.choice([*HOMES, "外地来本市务工" if 20 < age < 55 else "本地居民"]),
        "侧": rng.choice("左右"),
        "久": str(rng.randint(*map(int, str(case.get("久", "2-6")).split("-")))),
        "病程": course,
        "科室": case["科室"],
        "途径": rng.choice(phrases["途径"][pace]),
        "习惯": _habit(sex, group, rng),
        "旧术": rng.choice(["阑尾切除术", "扁桃体切除术", "痔切除术", "剖宫产术" if sex == "女" else "鼻中隔矫正术"]),
        "叙述者": _teller(group, case, rng),
        "护理": rng.choice(["一", "二"]),
        **rng.choice(case.get("设", [{}])),
        "诊断": case["诊断"],
        "主诉": rng.choice(case["主诉"]),
    }
    words.update(_dates(case, pace, rng))
    words.update(vital_signs(case, group, rng))
    return Patient(case, words, group, style)


def _age_group(age: int) -> str:
    for limit, name in ((3, "toddler"), (7, "child"), (13, "pupil"), (19, "student"), (36, "young"), (58, "middle")):
        if age < limit:
            return name
    return "old"


def pace_of(course: str) -> str:
    """Hours and days make an acute illness (急), weeks and more a slow one (缓)."""
    return "急" if course.endswith(("小时", "天")) else "缓"


def _habit(sex: str, group: str, rng: random.Random) -> str:
    if sex == "女" or group == "student":
        return rng.choice(["不吸烟", "不沾烟酒", "不饮酒"])
    return rng.choice(["吸烟<8~20>年", "偶饮酒", "不吸烟", "戒烟<2~6>年", "饮酒<6~15>年(，量少|)"])


def _age(age: int, group: str, rng: random.Random) -> str:
    if group in SMALL and age < 4 and rng.random() < 0.6:
        return f"{age}岁{rng.randint(1, 11)}个月"
    return f"{age}岁"


def _teller(group: str, case: Case, rng: random.Random) -> str:
    if group in (*SMALL, "pupil", "student"):
        return rng.choice(["其母", "其父", "患儿母亲", "患儿父亲"] if group in SMALL else ["本人及其母", "家长"])
    if "神志" in case.get("略", []) or case["科室"] == "神经外科":
        return rng.choice(["家属", "配偶", "子女"])
    return rng.choice(["本人", "患者自己", "本人及家属"])


def _dates(case: Case, pace: str, rng: random.Random) -> dict[str, str]:
    """Admission and discharge in one style of writing, and the days between."""
    admitted = date(2015, 1, 5) + timedelta(days=rng.randint(0, 1700))
    days = rng.randint(*map(int, case["住院"].split("-")))
    style = rng.choice(DATE_STYLES)
    written = [style.format(day.year, day.month, day.day) for day in (admitted, admitted + timedelta(days=days))]
    if rng.random() < 0.1:
        written = [day.translate(FULL_WIDTH) for day in written]
    hours = (0, 23) if pace == "急" else (8, 16)
    clock = f"{rng.randint(*hours)}:{rng.randint(0, 59):02}"
    return {"入院日": written[0], "出院日": written[1], "入院时": clock, "日": str(days)}


def vital_signs(case: Case, group: str, rng: random.Random) -> dict[str, str]:
    """Temperature, pulse, breathing and, except in small children, blood pressure, within the ranges of the case."""
    small = group in SMALL

    def draw(name: str, usual: str) -> str:
        low, high = map(float, str(case.get(name, usual)).split("-"))
        return f"{rng.uniform(low, high):.1f}" if name == "体温" else str(rng.randint(int(low), int(high)))

    pressure = ""
    if not small:
        pressure = f"〔BP〕{draw('收缩压', '108-136')}/{draw('舒张压', '66-84')}mmHg，"
    return {
        "体温": draw("体温", "36.2-36.9"),
        "脉搏": draw("脉搏", "98-118" if small else "66-86"),
        "呼吸": draw("呼吸", "22-28" if small else "16-20"),
        "血压段": pressure,
    }
