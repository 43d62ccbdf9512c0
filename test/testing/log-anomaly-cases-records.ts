/**
 * Cases of anomalies that records show: where they are, who may see them, and whether they are there.
 */
import { script } from './history-script.ts';
import { abc, toTheEnd, type LogAnomalyCase } from './log-anomaly-case.ts';

const compacted = { readToTheEnd: true, compactedTopics: ['orders'] };
const weak = { acks: 'leader' } as const;

export const recordCases: readonly LogAnomalyCase[] = [
  {
    name: 'inconsistent-offsets',
    shows: script()
      .send(0, 'a', 0)
      .beginSend(0, 'b')
      .endSend(0, 'b', 'info')
      .poll(1, [[0, 'b']]),
    lines: [2, 6],
    and: ['lost-write'],
    nearMisses: [
      {
        why: 'a leader alone acknowledged the offset, and lost it',
        history: script()
          .send(0, 'a', 0, weak)
          .send(0, 'b', 0)
          .poll(1, [[0, 'b']]),
        noted: ['lost-weak-write'],
      },
      {
        why: 'the offsets are in two partitions',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'b', 0, { in: 1 })
          .poll(1, [[0, 'a']])
          .poll(1, [[0, 'b']], 1),
      },
    ],
  },
  {
    name: 'duplicate',
    shows: script()
      .send(0, 'a', 0)
      .poll(1, [
        [0, 'a'],
        [1, 'a'],
      ]),
    lines: [1, 4],
    nearMisses: [
      {
        why: 'the same record is polled twice, at its one offset',
        history: script()
          .send(0, 'a', 0)
          .poll(1, [[0, 'a']])
          .poll(2, [[0, 'a']]),
      },
      {
        why: 'its value is sent to another partition as well',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'a', 1, { in: 1 })
          .poll(1, [[0, 'a']])
          .poll(1, [[1, 'a']], 1),
      },
    ],
  },
  {
    name: 'retry-duplicate',
    shows: script()
      .send(0, 'a', 1, { idempotent: false })
      .poll(1, [
        [0, 'a'],
        [1, 'a'],
      ]),
    lines: [1, 2, 4],
    nearMisses: [
      {
        why: 'no retry came through twice',
        history: script()
          .send(0, 'a', 1, { idempotent: false })
          .poll(1, [[1, 'a']]),
      },
    ],
  },
  {
    name: 'phantom-read',
    shows: script().poll(1, [[0, 'a']]),
    lines: [2],
    nearMisses: [
      {
        why: 'it was sent, and nobody knows how that ended',
        history: script()
          .beginSend(0, 'a')
          .poll(1, [[0, 'a']]),
      },
    ],
  },
  {
    name: 'aborted-read',
    shows: script()
      .send(0, 'a', 'fail')
      .poll(1, [[0, 'a']]),
    lines: [1, 2, 4],
    nearMisses: [
      {
        why: 'nobody knows how the send ended',
        history: script()
          .send(0, 'a', 'info')
          .poll(1, [[0, 'a']]),
      },
      {
        why: 'what failed is not polled',
        history: script()
          .send(0, 'a', 'fail')
          .send(0, 'b', 0)
          .poll(1, [[0, 'b']]),
      },
    ],
  },
  {
    name: 'precommitted-read',
    shows: script().transaction(0, 'ok', [
      ['send', 'a', 0],
      ['poll', [[0, 'a']]],
    ]),
    lines: [1, 2],
    nearMisses: [
      {
        why: 'it is polled by the next transaction',
        history: script()
          .transaction(0, 'ok', [['send', 'a', 0]])
          .transaction(0, 'ok', [['poll', [[0, 'a']]]]),
      },
    ],
  },
  {
    name: 'intermediate-read',
    shows: script()
      .transaction(0, 'ok', [
        ['send', 'a', 0],
        ['send', 'b', 1],
      ])
      .poll(1, [[0, 'a']])
      .poll(1, [[1, 'b']]),
    lines: [1, 2, 4],
    nearMisses: [
      {
        why: 'the poll ends where the transaction ends',
        history: script()
          .transaction(0, 'ok', [
            ['send', 'a', 0],
            ['send', 'b', 1],
          ])
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
          ]),
      },
    ],
  },
  {
    name: 'lost-write',
    shows: abc().poll(1, [
      [0, 'a'],
      [2, 'c'],
    ]),
    lines: [3, 4, 8],
    nearMisses: [
      {
        why: 'another reader has it',
        history: abc()
          .poll(1, [
            [0, 'a'],
            [1, 'b'],
          ])
          .poll(1, [[2, 'c']]),
      },
      {
        why: 'it is behind the last that anybody polled',
        history: abc().poll(1, [
          [0, 'a'],
          [1, 'b'],
        ]),
        noted: ['not-yet-seen'],
      },
      {
        why: 'it is behind the last that anybody polled, who had passed a marker',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'b', 2)
          .send(0, 'c', 3)
          .poll(1, [
            [0, 'a'],
            [2, 'b'],
          ]),
        noted: ['not-yet-seen'],
      },
      {
        why: 'the only reader begins behind it',
        history: abc()
          .assign(1, 2)
          .poll(1, [[2, 'c']]),
        noted: ['not-yet-seen'],
      },
      {
        why: 'it was deleted from the start of the log',
        history: abc().poll(1, [[2, 'c']]),
        options: { logStarts: [{ topic: 'orders', partition: 0, offset: 2 }], readToTheEnd: true },
      },
      {
        why: 'a later value of its key makes it superfluous',
        history: script()
          .send(0, 'a', 0, { key: 'k' })
          .send(0, 'b', 1, { key: 'k' })
          .poll(1, [[1, 'b']]),
        options: compacted,
      },
      {
        why: 'it deletes its key, which needs no record of its own for ever',
        history: script()
          .send(0, 'a', 0, { key: 'k', tombstone: true })
          .send(0, 'b', 1, { key: 'm' })
          .poll(1, [[1, 'b']]),
        options: compacted,
      },
    ],
  },
  {
    name: 'lost-weak-write',
    shows: script()
      .send(0, 'a', 0)
      .send(0, 'b', 1, weak)
      .send(0, 'c', 2)
      .poll(1, [
        [0, 'a'],
        [2, 'c'],
      ]),
    lines: [3, 4, 8],
    nearMisses: [
      {
        why: 'it survived',
        history: script()
          .send(0, 'a', 0, weak)
          .poll(1, [[0, 'a']]),
        options: toTheEnd,
      },
      {
        why: 'without an acknowledgement nobody knows, until everything is read',
        history: script()
          .send(0, 'a', 'ok', { acks: 'none' })
          .send(0, 'b', 0)
          .poll(1, [[0, 'b']]),
      },
    ],
  },
  {
    name: 'torn-transaction',
    shows: script()
      .transaction(0, 'info', [
        ['send', 'a', 0],
        ['send', 'b', 0, 1],
      ])
      .poll(1, [[0, 'a']]),
    lines: [1, 2, 4],
    options: toTheEnd,
    nearMisses: [
      {
        why: 'nothing of it is there',
        history: script()
          .transaction(0, 'info', [
            ['send', 'a', 0],
            ['send', 'b', 0, 1],
          ])
          .poll(1, []),
        options: toTheEnd,
      },
      {
        why: 'all of it is there',
        history: script()
          .transaction(0, 'info', [
            ['send', 'a'],
            ['send', 'b', undefined, 1],
          ])
          .poll(1, [[0, 'a']])
          .poll(1, [[0, 'b']], 1),
        options: toTheEnd,
      },
    ],
  },
  {
    name: 'unseen',
    shows: abc().poll(1, [
      [0, 'a'],
      [1, 'b'],
    ]),
    lines: [6],
    options: toTheEnd,
    nearMisses: [
      {
        why: 'nobody knows whether it was written',
        history: script()
          .send(0, 'a', 0)
          .send(0, 'b', 'info')
          .poll(1, [[0, 'a']]),
        options: toTheEnd,
      },
      { why: 'it was certainly not written', history: script().send(0, 'a', 'fail').poll(1, []), options: toTheEnd },
    ],
  },
  {
    name: 'not-yet-seen',
    shows: script().send(0, 'a', 0),
    lines: [2],
    nearMisses: [
      {
        why: 'it was polled',
        history: script()
          .send(0, 'a', 0)
          .poll(1, [[0, 'a']]),
      },
    ],
  },
];
