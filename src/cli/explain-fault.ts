/**
 * Faults that a person can mend, in the person's words: what is in the way, and what to type next.
 */
import { join } from 'node:path';
import { FaultError } from '../base/fault-error.ts';
import { voterFolder } from '../node/start-voter.ts';
import { describeDirectoryProblem, type DirectoryProblem } from '../storage/directory-problem.ts';
import type { CliFailure } from './cli-error.ts';

export interface FaultScene {
  readonly dataPath: string;
  readonly endpoints: readonly string[];
  /** What to type to listen elsewhere. */
  readonly otherPorts: string;
}

export function explainFault(fault: FaultError, { dataPath, endpoints, otherPorts }: FaultScene): CliFailure {
  const causes = causesOf(fault);
  const codes = causes.map(systemCode);
  if (codes.includes('EADDRINUSE')) {
    const taken = factIn(causes, 'endpoint') ?? endpoints.join(' or ');
    return {
      exit: 'conflict',
      message: `${taken} is taken by another process`,
      hint: `a node that runs already? ask it: odradek quorum status\nor choose other ports: ${otherPorts}`,
    };
  }
  const endpoint = factIn(causes, 'endpoint');
  const listening = endpoint === undefined ? undefined : explainListening(endpoint, codes, otherPorts);
  if (listening !== undefined) return listening;
  const directoryProblem = causes.map(findDirectoryProblem).find((problem) => problem !== undefined);
  if (directoryProblem !== undefined)
    return { exit: 'conflict', message: describeDirectoryProblem(join(dataPath, voterFolder), directoryProblem) };
  if (codes.includes('ENOTDIR') || codes.includes('EEXIST'))
    return {
      exit: 'failed',
      message: `the data folder ${dataPath} cannot be made: a file is in the way`,
      hint: 'choose another with --data FOLDER',
    };
  const refusal = codes.find((code) => code === 'EACCES' || code === 'EPERM' || code === 'EROFS');
  if (refusal !== undefined)
    return {
      exit: 'failed',
      message: `the data folder ${dataPath} cannot be written (${refusal})`,
      hint: 'make it writable for the user that runs this process, or choose another with --data FOLDER',
    };
  if (codes.includes('ENOSPC') || codes.includes('EDQUOT'))
    return {
      exit: 'failed',
      message: `the disk of the data folder ${dataPath} is full`,
      hint: 'free some space, then start again: nothing that was acknowledged is lost',
    };
  const message = causes.map(saying).join('; because ');
  const remedy = factIn(causes, 'remedy');
  return remedy === undefined ? { exit: 'failed', message } : { exit: 'failed', message, hint: remedy };
}

/** Undefined when the fault is not about the endpoint. Only faults of listening name one. */
function explainListening(
  endpoint: string,
  codes: readonly (string | undefined)[],
  otherPorts: string,
): CliFailure | undefined {
  const hint = `choose another: ${otherPorts}`;
  if (codes.includes('EACCES'))
    return { exit: 'failed', message: `this process may not listen at ${endpoint} (EACCES)`, hint };
  const missing = codes.find((code) => code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND');
  if (missing === undefined) return undefined;
  return {
    exit: 'failed',
    message: `cannot listen at ${endpoint}: this machine has no such address (${missing})`,
    hint,
  };
}

function causesOf(fault: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let each = fault; each instanceof Error && causes.length < 8; each = each.cause) causes.push(each);
  return causes;
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** The storage says "its directory"; a person knows the folder by the path that the settings give it. */
function findDirectoryProblem(error: unknown): DirectoryProblem | undefined {
  const problem = error instanceof FaultError ? error.facts['problem'] : undefined;
  const isOne = typeof problem === 'object' && problem !== null && 'type' in problem;
  return isOne ? (problem as DirectoryProblem) : undefined;
}

function factIn(causes: readonly unknown[], name: string): string | undefined {
  const facts = causes.map((cause) => (cause instanceof FaultError ? cause.facts[name] : undefined));
  return facts.find((fact) => typeof fact === 'string');
}

function saying(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const facts = error instanceof FaultError ? Object.entries(error.facts).filter(([name]) => name !== 'remedy') : [];
  const written = facts.map(([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return written.length === 0 ? error.message : `${error.message} (${written.join(', ')})`;
}
