/**
 * grpc.reflection v1 and v1alpha, of our own: answers hold the descriptor bytes exactly as the compiler made them,
 * with comments, well-known types and imports across packages.
 *
 * One question, one answer, in order. A question's bytes are released when its answer is sent, so a client that
 * does not read cannot make the node queue answers. Bound: `questionsWaitingMax` per call.
 */
import { assertUnreachable } from '../base/assert.ts';
import { RingQueue } from '../base/ring-queue.ts';
import { statusCodes, statusOk, type Status } from '../base/status.ts';
import type { StreamHandlers } from '../ports/stream.ts';
import {
  encodeReflectionReply,
  reflectionRequestCodec,
  type ReflectionAnswer,
  type ReflectionQuestion,
} from '../wire/reflection-messages.ts';
import { statusOfProblem, type ApiProblem } from './api-problem.ts';
import { DescriptorIndex } from './descriptor-index.ts';
import type { AdmittedCall, Service } from './service-table.ts';
import { undecodable } from './unary-method.ts';

export const reflectionServiceNames = [
  'grpc.reflection.v1.ServerReflection',
  'grpc.reflection.v1alpha.ServerReflection',
] as const;

const questionsWaitingMax = 64;

export interface ReflectionSource {
  /** Bytes of a google.protobuf.FileDescriptorSet. Read at the first question, to keep the start short. */
  readonly descriptorSet: () => Uint8Array;
  /** What the node serves, by full name. */
  readonly services: readonly string[];
}

export function reflectionServices(source: ReflectionSource): readonly Service[] {
  let index: DescriptorIndex | undefined;
  const answer = (question: ReflectionQuestion): ReflectionAnswer => {
    index ??= new DescriptorIndex(source.descriptorSet());
    return answerQuestion(index, source.services, question);
  };
  return reflectionServiceNames.map((name) => ({
    name,
    methods: { ServerReflectionInfo: (call) => new ReflectionCall(call, answer) },
  }));
}

function answerQuestion(
  index: DescriptorIndex,
  services: readonly string[],
  question: ReflectionQuestion,
): ReflectionAnswer {
  switch (question.type) {
    case 'list-services':
      return { type: 'services', names: services };
    case 'file-by-name':
      return filesOr(index.fileByName(question.name), `file ${JSON.stringify(question.name)}`);
    case 'file-by-symbol':
      return filesOr(index.fileBySymbol(question.symbol), `symbol ${JSON.stringify(question.symbol)}`);
    case 'file-by-extension': {
      const { extendee, number } = question;
      return filesOr(index.fileByExtension(extendee, number), `extension ${number} of ${JSON.stringify(extendee)}`);
    }
    case 'extension-numbers': {
      const numbers = index.extensionNumbers(question.extendee);
      if (numbers === undefined) return notFound(`message ${JSON.stringify(question.extendee)}`);
      return { type: 'extension-numbers', extendee: question.extendee, numbers };
    }
    case 'unknown':
      return {
        type: 'problem',
        statusCode: statusCodes['invalid-argument'],
        message: 'the request asks nothing that this release knows; set one of the fields of message_request',
      };
    default:
      return assertUnreachable(question);
  }
}

function filesOr(files: readonly Uint8Array[] | undefined, what: string): ReflectionAnswer {
  return files === undefined ? notFound(what) : { type: 'files', files };
}

function notFound(what: string): ReflectionAnswer {
  return {
    type: 'problem',
    statusCode: statusCodes['not-found'],
    message: `this node's public API has no ${what}; list_services tells what it serves`,
  };
}

class ReflectionCall implements StreamHandlers {
  readonly #call: AdmittedCall;
  readonly #answer: (question: ReflectionQuestion) => ReflectionAnswer;
  readonly #waiting = new RingQueue<Uint8Array>(questionsWaitingMax);
  #ended = false;
  #open = true;

  constructor(call: AdmittedCall, answer: (question: ReflectionQuestion) => ReflectionAnswer) {
    this.#call = call;
    this.#answer = answer;
  }

  onMessage(ownedMessage: Uint8Array): void {
    if (!this.#open) return this.#call.stream.release(ownedMessage.length);
    if (!this.#waiting.push(ownedMessage).ok) return this.#refuse(tooManyQuestions());
    this.#answerWhileCredit();
  }

  onCredit(): void {
    this.#answerWhileCredit();
  }

  onEnd(): void {
    this.#ended = true;
    this.#answerWhileCredit();
  }

  onClose(): void {
    this.#open = false;
    this.#waiting.clear();
  }

  #answerWhileCredit(): void {
    const { stream, context } = this.#call;
    while (this.#open && stream.creditBytes > 0) {
      const ownedMessage = this.#waiting.shift();
      if (ownedMessage === undefined) break;
      const request = reflectionRequestCodec.decode(ownedMessage);
      if (!request.ok) return this.#refuse(undecodable(context.method, request.problem));
      const answer = this.#answer(request.value.question);
      stream.send([encodeReflectionReply({ request: request.value, answer })]);
      stream.release(ownedMessage.length);
    }
    if (this.#ended && this.#waiting.length === 0) this.#close(statusOk);
  }

  #refuse(problem: ApiProblem): void {
    this.#waiting.clear();
    this.#close(statusOfProblem(problem));
  }

  #close(status: Status): void {
    if (!this.#open) return;
    this.#open = false;
    this.#call.stream.close(status);
  }
}

function tooManyQuestions(): ApiProblem {
  return {
    error: 'limit-reached',
    message: `${questionsWaitingMax} questions wait for you to read answers (questionsWaitingMax); read them first`,
    metadata: { limit: 'questionsWaitingMax', value: String(questionsWaitingMax) },
  };
}
