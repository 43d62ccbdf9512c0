/**
 * A process that opens damaged raft stores, one after the other, as its parent asks. LevelDB is native code: a
 * damaged table may end the process, which must not end the sweep.
 */
import { layOut, tryOpen, type BitFlipTemplate } from './bit-flip-template.ts';

export interface BitFlip {
  readonly path: string;
  readonly bit: number;
}

export type WorkerRequest =
  | { readonly type: 'template'; readonly root: string; readonly template: BitFlipTemplate }
  | { readonly type: 'flips'; readonly flips: readonly BitFlip[] };

export interface WorkerReply {
  readonly flip: BitFlip;
  readonly outcome: FlipOutcome;
  readonly message: string;
}

/** `wrong`: another state, a shorter one, or a refusal that does not say what to do. */
export type FlipOutcome = 'refused' | 'repaired' | 'carried nothing' | 'wrong' | 'process died';

let root = '';
let template: BitFlipTemplate | undefined;

async function judge(flip: BitFlip): Promise<{ readonly outcome: FlipOutcome; readonly message: string }> {
  if (template === undefined) throw new Error('the template comes first');
  await layOut(root, template, flip);
  const first = await tryOpen(root);
  // A second start must not believe what the first one refused, nor lose what it had.
  const second = await tryOpen(root);
  if (first.type === 'refused') {
    const saysWhatToDo = first.message.includes('again with an empty directory');
    const isSteady = second.type === 'refused' || second.fingerprint === template.fingerprint;
    return { outcome: saysWhatToDo && isSteady ? 'refused' : 'wrong', message: first.message };
  }
  if (first.fingerprint !== template.fingerprint) return { outcome: 'wrong', message: first.fingerprint };
  if (second.type === 'refused' || second.fingerprint !== template.fingerprint)
    return { outcome: 'wrong', message: `the second start: ${JSON.stringify(second)}` };
  return { outcome: first.recovery === 'agree' ? 'carried nothing' : 'repaired', message: first.recovery };
}

async function answer(request: WorkerRequest): Promise<void> {
  if (request.type === 'template') {
    ({ root } = request);
    template = {
      fingerprint: request.template.fingerprint,
      files: request.template.files.map(({ path, bytes }) => ({ path, bytes: Buffer.from(bytes) })),
    };
    return;
  }
  for (const flip of request.flips) {
    const reply: WorkerReply = { flip, ...(await judge(flip)) };
    process.send?.(reply);
  }
}

let last = Promise.resolve();
process.on('message', (request: WorkerRequest) => {
  last = last.then(() => answer(request));
});
