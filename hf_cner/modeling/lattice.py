"""The recurrence of the lattice LSTM (Zhang & Yang 2018, "Chinese NER Using Lattice LSTM", eq. 11 to 16)."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from .layers import Linear, fill_orthogonal, is_loaded
from .packing import columns_at, move
from .words import Matches

Group = tuple[int, int]  # how many words go from this step to the step `end`: (end, count)


class CharacterGates(Linear):
    """Input, forget and output gate, candidate, and the gate of words ending here; the forget gate begins open."""

    def reset_parameters(self) -> None:
        super().reset_parameters()
        if not is_loaded(self.bias):
            size = self.out_features // 5
            nn.init.ones_(self.bias[size : 2 * size])


class StateGates(nn.Linear):
    """What a state adds to the four gates of the next character, and to the three of the words that begin with it."""

    def reset_parameters(self) -> None:
        fill_orthogonal(self.weight)


class LatticeDirection(nn.Module):
    """The weights of one direction; vectors of characters have size d, of words w, states h."""

    def __init__(self, input_size: int, word_size: int, hidden_size: int) -> None:
        super().__init__()
        self.characters = CharacterGates(input_size, 5 * hidden_size)
        self.states = StateGates(hidden_size, 7 * hidden_size, bias=False)
        self.words = Linear(word_size, 3 * hidden_size)
        self.cells = Linear(hidden_size, hidden_size, bias=False)


class LatticeLSTM(nn.Module):
    """An LSTM over characters, in which each word that stands in the text has a cell of its own, which reaches its last
    character.

    For every word from character b to character e there is a cell `c_w = σ(f) c_b + σ(i) tanh(g)` with `i, f, g` from
    the word's vector and the state of character b (eq. 13). Where words end, the character's cell is the mean of its
    own candidate and those cells (eq. 15), weighted, dimension by dimension, by `exp` of its input gate and of
    `σ(W x_e + U c_w + b)` (eq. 14 and 16). Elsewhere it is that of an ordinary LSTM. (The authors' program takes 1 - i
    for the forget gate there; their equation 11 has a gate of its own, and so has this.)

    Both directions are computed at once, for the whole batch, character by character: all words that begin or end at
    one step are gathered, so there are as many steps as the longest sequence has characters.

    Args:
        input_size: length of the characters' vectors.
        word_size: length of the words' vectors.
        hidden_size: of each direction; the output has twice that.
    """

    def __init__(self, input_size: int, word_size: int, hidden_size: int) -> None:
        super().__init__()
        self.hidden_size = hidden_size
        self.rightward = LatticeDirection(input_size, word_size, hidden_size)
        self.leftward = LatticeDirection(input_size, word_size, hidden_size)

    def forward(self, vectors: Tensor, mask: Tensor, matches: Matches, words: Tensor) -> Tensor:
        """States of both directions.

        Args:
            vectors: `(b, n, d)`, the characters at the front of each row.
            mask: `(b, n)` bool, true for the characters.
            matches: m words, in columns of `vectors`.
            words: `(m, w)`, their vectors.

        Returns:
            `(b, n, 2 * hidden_size)`; what stands behind the characters means nothing.
        """
        both = (self.rightward, self.leftward)
        lengths = mask.sum(dim=1)
        columns = torch.arange(mask.shape[1], device=mask.device)
        reversal = columns_at(mask, lengths.unsqueeze(1) - 1 - columns)  # its own inverse
        inputs = torch.cat([both[0].characters(vectors), both[1].characters(move(vectors, reversal, reversal))])
        last = lengths[matches.row] - 1
        rows = torch.cat([matches.row, matches.row + len(mask)])  # the second half of the rows reads to the left
        starts, ends = torch.cat([matches.start, last - matches.end]), torch.cat([matches.end, last - matches.start])
        way = _Schedule(rows, starts, ends, steps=mask.shape[1], sequences=2 * len(mask))
        gates = torch.cat([direction.words(words) for direction in both])
        states = self._steps(inputs.transpose(0, 1), gates, way)
        to_the_right, to_the_left = states.transpose(0, 1).chunk(2)
        return torch.cat([to_the_right, move(to_the_left.contiguous(), reversal, reversal)], dim=-1)

    def _steps(self, inputs: Tensor, words: Tensor, way: "_Schedule") -> Tensor:
        """`(n, 2b, 5h)` of the characters and `(2m, 3h)` of the words to the states `(n, 2b, h)`."""
        size, rows = self.hidden_size, inputs.shape[1]
        from_state = torch.stack([d.states.weight.T for d in (self.rightward, self.leftward)])  # (2, h, 7h)
        from_cell = torch.cat([d.cells.weight for d in (self.rightward, self.leftward)]).T  # U of eq. 14: (h, 2h)
        word_inputs = words[way.by_start].split([sum(count for _, count in groups) for groups in way.starting])
        cell, carried = inputs.new_zeros(rows, size), inputs.new_zeros(rows, 7 * size)
        if not len(words):  # training in several processes waits for the gradient of every parameter
            cell = cell + 0 * (from_cell.sum() + words.sum())
        waiting: dict[int, list[Tensor]] = {}  # cells of words, at the step of their last character
        states = []
        for step, given in enumerate(inputs.unbind(0)):
            gates = given[:, : 4 * size] + carried[:, : 4 * size]
            enter, forget, leave = gates[:, : 3 * size].sigmoid().chunk(3, dim=-1)
            new = gates[:, 3 * size :].tanh()
            cell = forget * cell + enter * new
            if step in waiting:
                ending, ended = torch.cat(waiting.pop(step)), way.ending_rows[step]
                asked = (ending @ from_cell).unflatten(1, (2, size))
                asked = torch.where((ended < rows // 2).unsqueeze(1), asked[:, 0], asked[:, 1])
                gate = (asked + given[:, 4 * size :].index_select(0, ended)).sigmoid().exp()
                cell = _mean(cell, enter.exp(), new, ended, gate, ending)
            state = leave * cell.tanh()
            states.append(state)
            carried = torch.bmm(state.view(2, rows // 2, size), from_state).view(rows, 7 * size)
            if way.starting[step]:
                begun = way.starting_rows[step]
                gates = word_inputs[step] + carried[:, 4 * size :].index_select(0, begun)
                enter, forget = gates[:, : 2 * size].sigmoid().chunk(2, dim=-1)
                cells = forget * cell.index_select(0, begun) + enter * gates[:, 2 * size :].tanh()
                pieces = cells.split([count for _, count in way.starting[step]])
                for (end, _), piece in zip(way.starting[step], pieces, strict=True):
                    waiting.setdefault(end, []).append(piece)
        return torch.stack(states)


def _mean(cell: Tensor, weight: Tensor, new: Tensor, rows: Tensor, gate: Tensor, words: Tensor) -> Tensor:
    """The cells `(2b, h)` of a step: in rows where words end the weighted mean of eq. 15, in the others `cell`.

    Args:
        weight, new: `(2b, h)`, weight and value of the character's own candidate.
        rows: `(k,)`, where each of k words ends.
        gate, words: `(k, h)`, weight and value of their cells.
    """
    own, coming = torch.cat([weight, weight * new], dim=-1), torch.cat([gate, gate * words], dim=-1)
    total, value = own.index_add(0, rows, coming).chunk(2, dim=-1)
    touched = torch.zeros(len(cell), 1, dtype=torch.bool, device=cell.device).index_fill(0, rows, True)
    return torch.where(touched, value / total, cell)


class _Schedule:
    """When which words begin and end.

    Args:
        rows, starts, ends: `(m,)`, of each word: its sequence, and the steps of its first and last character.

    Attributes:
        by_start: `(m,)`, the words in the order in which they begin; those that begin together by their end.
        starting: for each step the words that begin there, as groups with a common end.
        starting_rows: for each step the sequences of these words, `(k,)`.
        ending_rows: for each step the sequences of the words that end there, `(k,)`, in the order of their beginning.
    """

    def __init__(self, rows: Tensor, starts: Tensor, ends: Tensor, *, steps: int, sequences: int) -> None:
        self.by_start = ((starts * steps + ends) * sequences + rows).argsort()
        by_end = ((ends * steps + starts) * sequences + rows).argsort()
        pairs, counts = (starts * steps + ends)[self.by_start].unique_consecutive(return_counts=True)
        self.starting: list[list[Group]] = [[] for _ in range(steps)]
        arriving = [0] * steps
        for pair, count in zip(pairs.tolist(), counts.tolist(), strict=True):
            start, end = divmod(pair, steps)
            self.starting[start].append((end, count))
            arriving[end] += count
        leaving = [sum(count for _, count in groups) for groups in self.starting]
        self.starting_rows: Sequence[Tensor] = rows[self.by_start].split(leaving)
        self.ending_rows: Sequence[Tensor] = rows[by_end].split(arriving)
