"""The four sections of one record, composed of sentences that no other record has."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from notation import bare, expand
from patients import SMALL, Patient, pace_of, vital_signs

SECTIONS = ("一般项目", "病史特点", "诊疗经过", "出院情况")
LONGEST = 380  # characters of a history, without numbers and indent
PAST = {"toddler": "儿", "child": "儿", "pupil": "儿", "student": "青", "young": "青", "middle": "中", "old": "老"}
ATTEMPTS = 400
_ENDS = re.compile("[。；]")
_IGNORED = re.compile(r"[\s，,：:、.．（）()“”]")


def pieces(text: str) -> list[str]:
    """The sentences of a text (cut after 。 and ；) as they are compared: without blanks and lesser punctuation."""
    found = (_IGNORED.sub("", piece) for piece in _ENDS.split(text))
    return [piece for piece in found if len(piece) >= 4]


class Writer:
    """Writes the sections of one record; `taken` holds the sentences of all records so far, and grows."""

    def __init__(self, patient: Patient, phrases: Mapping[str, Any], taken: set[str], rng: random.Random) -> None:
        self.patient = patient
        self.case = patient.case
        self.phrases = phrases
        self.taken = taken
        self.rng = rng
        self.own: set[str] = set()

    def finish(self) -> None:
        """Let the sentences of this record count as taken."""
        self.taken |= self.own

    def say(self, make: Callable[[], str] | Sequence[str]) -> str:
        """A sentence that stands in no other record, ending in 。; drawn again until it is new."""
        for _ in range(ATTEMPTS):
            phrase = make() if callable(make) else self.rng.choice(make)
            sentence = expand(phrase, self.patient.words, self.rng)
            new = pieces(bare(sentence))
            if self.taken.isdisjoint(new) and self.own.isdisjoint(new):
                self.own.update(new)
                return sentence + "。"
        raise RuntimeError(f"{self.case['诊断']}: nothing new to say after {ATTEMPTS} attempts, last {sentence!r}")

    def sections(self) -> dict[str, str]:
        """Section name -> text with entities in brackets."""
        texts = {
            "一般项目": self.say(self.phrases["一般项目"]),
            "病史特点": self._history(),
            "诊疗经过": self._stay(),
            "出院情况": self._discharge(),
        }
        return {name: self._styled(text) for name, text in texts.items()}

    def _history(self) -> str:
        case, words = self.case, self.patient.words
        pace = pace_of(words["病程"])
        start = self.say(lambda: self.rng.choice(self.phrases["特点开头"][pace]) + "，" + self._aside())
        onset = "".join(self.say([phrase]) for phrase in case["起病"])
        words["无"] = self._absent()
        general = self.say(self.phrases["一般情况"])
        past = self.say(self._past)
        vital = self.say(lambda: self._vitals(self.phrases["查体词"]))
        found = "".join(self.say([phrase]) for phrase in case["查体"])
        normal = self.say(lambda: self._normal(2))
        tests = [self.say([phrase]) for phrase in case["辅查"]]
        items = [start + onset, general, past, vital + found, "".join(tests)]
        if sum(len(bare(item)) for item in items) + len(bare(normal)) < LONGEST:
            items[3] = vital + normal + found
        while sum(len(bare(item)) for item in items) > LONGEST:
            del items[2 if len(items) == 5 else 1]
        return self._numbered(items)

    def _stay(self) -> str:
        self.patient.words["检查"] = self._normal_tests()
        intro = self.say(self.phrases["诊疗开头"])
        treatment = "".join(self.say([phrase]) for phrase in self.case["治疗"])
        return intro + treatment + self.say(self.phrases["诊疗结尾"])

    def _discharge(self) -> str:
        words = self.patient.words
        healthy = {"收缩压": "114-136", "舒张压": "68-84"} if words["血压段"] else {}
        words.update(vital_signs(healthy, self.patient.age_group, self.rng))
        start = self.say(self.phrases["出院开头"])
        state = "".join(self.say([phrase]) for phrase in self.case["出院"])
        vital = self.say(lambda: self._vitals(self.phrases["出院查体词"]) + "，" + self._normal(1))
        words["嘱"] = "，".join(self.rng.sample(self.case["嘱"], 2))
        return start + state + vital + self.say(self.phrases["出院结尾"])

    def _normal_tests(self) -> str:
        """Three tests to name as normal: none that the case itself says anything about."""
        told = "".join(str(value) for value in self.case.values())
        tests = [name for name, words in self.phrases["检查项目"].items() if not any(word in told for word in words)]
        return "、".join(f"〔{name}〕" for name in self.rng.sample(tests, 3))

    def _aside(self) -> str:
        return self.rng.choice(self.phrases["特点后续"]["儿" if self.patient.age_group in SMALL else "成人"])

    def _absent(self) -> str:
        drawn = self.rng.sample(self.case["无"], self.rng.randint(2, 3))
        names = [name if "【" in name else f"【{name}】" for name in drawn]
        return self.rng.choice(["、".join(names), "、".join(names[:-1]) + "及" + names[-1]])

    def _past(self) -> str:
        """An illness of the past that does not contradict the present one."""
        name = PAST[self.patient.age_group]
        avoided = [*self.case.get("避", []), bare(self.case["诊断"])]
        options = [phrase for phrase in self.phrases["既往" + name] if not any(word in phrase for word in avoided)]
        return self.rng.choice(options)

    def _vitals(self, names: Sequence[str]) -> str:
        return self.rng.choice(names) + "：" + self.rng.choice(self.phrases["体征"])

    def _normal(self, systems: int) -> str:
        """Normal findings of some systems that the case says nothing about."""
        skipped = set(self.case.get("略", []))
        if self.patient.age_group in SMALL:
            skipped |= {"肾", "神志"}
        names = [name for name in self.phrases["普通查体"] if name not in skipped]
        drawn = self.rng.sample(names, systems)
        return "，".join(self.rng.choice(self.phrases["普通查体"][name]) for name in drawn)

    def _numbered(self, items: Sequence[str]) -> str:
        number = self.patient.style["number"]
        return "".join(number.format(i) + item for i, item in enumerate(items, start=1))

    def _styled(self, text: str) -> str:
        style = self.patient.style
        text = text.replace("，", style["comma"]).replace("：", style["colon"]).replace("℃", style["degree"])
        return style["indent"] + text
