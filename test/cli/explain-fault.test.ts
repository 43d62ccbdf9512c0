import { expect, test } from 'vitest';
import { FaultError } from '../../src/base/fault-error.ts';
import { nodeId } from '../../src/base/ids.ts';
import { explainFault } from '../../src/cli/explain-fault.ts';
import { prettyLogLine } from '../../src/cli/pretty-log.ts';
import { DiskError } from '../../src/ports/disk.ts';
import { RecordedTerminal } from './recorded-terminal.ts';

const scene = { dataPath: './data', endpoints: ['127.0.0.1:7081', '127.0.0.1:7181'], otherPorts: '--set x=y' };

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: the system says so`), { code });
}

function diskFault(code: string): FaultError {
  return new DiskError('io', { operation: 'open', path: 'quorum/meta' }, systemError(code));
}

test('a taken port is named by the fault, or else by what was asked for', () => {
  const named = new FaultError('cannot listen', { endpoint: '127.0.0.1:7181' }, systemError('EADDRINUSE'));
  expect(explainFault(named, scene).message).toBe('127.0.0.1:7181 is taken by another process');
  const unnamed = new FaultError('cannot listen', {}, systemError('EADDRINUSE'));
  expect(explainFault(unnamed, scene)).toMatchObject({
    exit: 'conflict',
    message: '127.0.0.1:7081 or 127.0.0.1:7181 is taken by another process',
  });
});

test('a port that the system does not give is told as a port, not as a folder', () => {
  const refusal = new FaultError('cannot listen', { endpoint: '127.0.0.1:80' }, systemError('EACCES'));
  expect(explainFault(refusal, scene)).toMatchObject({
    exit: 'failed',
    message: 'this process may not listen at 127.0.0.1:80 (EACCES)',
  });
  const elsewhere = new FaultError('cannot listen', { endpoint: '10.1.2.3:7081' }, systemError('EADDRNOTAVAIL'));
  expect(explainFault(elsewhere, scene)).toMatchObject({
    exit: 'failed',
    message: 'cannot listen at 10.1.2.3:7081: this machine has no such address (EADDRNOTAVAIL)',
  });
});

test.each([
  ['EACCES', 'the data folder ./data cannot be written (EACCES)'],
  ['EROFS', 'the data folder ./data cannot be written (EROFS)'],
  ['ENOSPC', 'the disk of the data folder ./data is full'],
  ['ENOTDIR', 'the data folder ./data cannot be made: a file is in the way'],
])('the disk error %s is told in a sentence with a hint', (code, message) => {
  const failure = explainFault(new FaultError('a store did not open', {}, diskFault(code)), scene);
  expect(failure).toMatchObject({ exit: 'failed', message });
  expect(failure.hint).toBeDefined();
});

test('a refused directory is told with the path that the settings give it', () => {
  const problem = { type: 'other-node', found: nodeId(1), wanted: nodeId(2) };
  const failure = explainFault(new FaultError('the storage directory is refused', { problem }), scene);
  expect(failure.exit).toBe('conflict');
  expect(failure.message).toContain('data/quorum belongs to node 1, and this is node 2');
});

test('any other fault is told with its facts, its causes and its remedy', () => {
  const fault = new FaultError('the store is damaged', { index: 7, remedy: 'restore it' }, new Error('bad sum'));
  expect(explainFault(fault, scene)).toEqual({
    exit: 'failed',
    message: 'the store is damaged (index: 7); because bad sum',
    hint: 'restore it',
  });
});

test('a log line for people has its time, level, sentence and facts', () => {
  const line =
    '{"level":"info","time":"2026-01-02T10:05:58.123Z","node":1,"path":"a b","msg":"leads the quorum","term":4}\n';
  const terminal = new RecordedTerminal();
  expect(prettyLogLine(line, terminal)).toBe('10:05:58.123 info  leads the quorum  node=1 path="a b" term=4\n');
  expect(prettyLogLine('no JSON\n', terminal)).toBe('no JSON\n');
  expect(prettyLogLine('{"level":1}\n', terminal)).toBe('{"level":1}\n');
});

test('colour is for terminals alone', () => {
  const line = '{"level":"info","time":"2026-01-02T10:05:58.123Z","msg":"serves","node":1}';
  expect(prettyLogLine(line, new RecordedTerminal({ hasColour: true }))).toContain('\u001B[2m');
});
