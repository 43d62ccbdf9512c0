/**
 * The network between simulated machines, and everything that can go wrong with it.
 *
 * A cut or clogged link holds bytes and tells nobody. Each end of a stream notices the silence on its own, later
 * (keep-alive), or never: half-open streams last until a deadline. A killed process is different: its kernel
 * resets its streams and refuses new ones. A machine without power says nothing until it is back.
 * Parts: simulated-links.ts (delay, cut), stream-pipe.ts (order), simulated-stream.ts (credit, the two ends),
 * network-port.ts (what a process sees of this).
 */
import { assert } from '../base/assert.ts';
import { statusOf, type Status } from '../base/status.ts';
import {
  streamLimitsDefault,
  type IncomingStream,
  type StreamAcceptor,
  type StreamHandlers,
  type StreamLimits,
} from '../ports/stream.ts';
import type { Ending, Incarnation } from './incarnation.ts';
import { SimulatedLinks, type SimulatedLink } from './simulated-links.ts';
import type { SimulatedRandom } from './simulated-random.ts';
import type { ScheduledAction } from './simulated-scheduler.ts';
import type { SimulatedWorld } from './simulated-world.ts';
import { StreamSide } from './simulated-stream.ts';
import { StreamPipe, type StreamFrame } from './stream-pipe.ts';

export interface NetworkHabits {
  /** How long an end of a stream takes to notice that the other is silent. */
  readonly silenceNoticedMsMin: number;
  readonly silenceNoticedMsMax: number;
  /** How often it never does. */
  readonly silenceUnnoticedChance: number;
  /** Without an answer of the machine for so long, opening a stream fails. */
  readonly connectTimeoutMs: number;
  /** How often a reset destroys what was still on its way. */
  readonly lostOnResetChance: number;
}

export const networkHabitsDefault: NetworkHabits = {
  silenceNoticedMsMin: 1_000,
  silenceNoticedMsMax: 10_000,
  silenceUnnoticedChance: 0.1,
  connectTimeoutMs: 3_000,
  lostOnResetChance: 0.5,
};

/** A port of a machine on which a process takes streams. */
export interface ListeningPort {
  readonly incarnation: Incarnation;
  readonly methods: ReadonlyMap<string, StreamAcceptor>;
  readonly open: Set<StreamSide>;
  readonly onStreamOver: () => void;
}

export interface StreamRequest {
  readonly incarnation: Incarnation;
  readonly machine: string;
  readonly port: number;
  readonly incoming: IncomingStream;
  readonly onOver: (side: StreamSide) => void;
}

interface Machine {
  incarnation: Incarnation | undefined;
  hasPower: boolean;
  readonly ports: Map<number, ListeningPort>;
}

/** One stream with both its ends. */
interface Connection {
  readonly name: string;
  readonly request: StreamRequest;
  readonly opener: StreamSide;
  readonly forward: StreamPipe;
  readonly backward: StreamPipe;
  /** Whose process the opening has reached. */
  target: Incarnation | undefined;
  acceptor: StreamSide | undefined;
  connectTimeout: ScheduledAction | undefined;
}

const connectionsMax = 100_000;
const unavailable = (why: string): Status => statusOf('unavailable', why);

export class SimulatedNetwork {
  readonly links: SimulatedLinks;
  readonly limits: StreamLimits;
  habits: NetworkHabits = networkHabitsDefault;
  readonly #world: SimulatedWorld;
  readonly #random: SimulatedRandom;
  readonly #machines = new Map<string, Machine>();
  readonly #connections = new Set<Connection>();
  #connectionsSoFar = 0;

  constructor(world: SimulatedWorld, limits: StreamLimits = streamLimitsDefault) {
    this.#world = world;
    this.limits = limits;
    this.#random = world.random.fork('network');
    this.links = new SimulatedLinks(world.scheduler, this.#random.fork('links'));
  }

  /** A process has started on the machine that has its name. */
  attach(incarnation: Incarnation): void {
    const machine = this.#machines.get(incarnation.processName) ?? {
      incarnation: undefined,
      hasPower: true,
      ports: new Map<number, ListeningPort>(),
    };
    assert(machine.incarnation === undefined, 'one process runs on a machine', { machine: incarnation.processName });
    machine.incarnation = incarnation;
    this.#machines.set(incarnation.processName, machine);
    incarnation.onDeath((ending) => this.#onDeath(machine, incarnation, ending));
    if (machine.hasPower) return;
    machine.hasPower = true;
    // Whoever still holds a stream to the machine before its power cut is told that it knows nothing of it.
    for (const { opener, acceptor } of this.#connections)
      for (const side of [opener, acceptor])
        if (side?.isOver === true && side.incarnation.processName === incarnation.processName)
          side.outgoing.send({ type: 'over', status: unavailable('the machine has restarted') });
  }

  /** The ports of a machine on which its living process listens. */
  portsOf(incarnation: Incarnation): Map<number, ListeningPort> {
    const machine = this.#machines.get(incarnation.processName);
    assert(machine?.incarnation === incarnation, 'only the living process has the ports of its machine');
    return machine.ports;
  }

  /** Fails by the handlers' onClose, never by throwing. */
  connect(request: StreamRequest, handlers: StreamHandlers): StreamSide {
    const { incarnation, machine: to, incoming, onOver } = request;
    const from = incarnation.processName;
    assert(this.#connections.size < connectionsMax, 'the open streams are bounded', { connectionsMax });
    this.#connectionsSoFar += 1;
    const name = `#${this.#connectionsSoFar} ${incoming.method}`;
    const pipe = (link: SimulatedLink, deliver: (frames: readonly StreamFrame[]) => void): StreamPipe =>
      new StreamPipe({ link, scheduler: this.#world.scheduler, random: this.#random }, deliver);
    const forward = pipe(this.links.link(from, to), (frames) => this.#deliverForward(connection, frames));
    const backward = pipe(this.links.link(to, from), (frames) => {
      incarnation.enter(() => connection.opener.receive(frames));
    });
    const opener = new StreamSide({
      incarnation,
      name,
      role: 'opener',
      limits: this.limits,
      deadlineMs: incoming.deadlineMs,
      outgoing: forward,
      onOver: (side) => {
        connection.connectTimeout?.cancel();
        this.#settle(connection);
        onOver(side);
      },
    });
    const connection: Connection = {
      name,
      request,
      opener,
      forward,
      backward,
      target: undefined,
      acceptor: undefined,
      connectTimeout: undefined,
    };
    this.#connections.add(connection);
    this.#world.trace.record(from, `open ${name} to ${to}`);
    opener.bind(handlers);
    if (!this.#machines.has(to)) {
      const nowhere = unavailable(`no machine is called ${to}`);
      opener.breakOff(nowhere, nowhere);
      return opener;
    }
    forward.send({ type: 'open' });
    this.#noticeCuts(opener, connection);
    connection.connectTimeout = this.#world.scheduler.after(this.habits.connectTimeoutMs, () => {
      this.#breakOff(opener, 'the machine did not answer');
    });
    return opener;
  }

  /** Cuts one direction until it is healed. */
  cut(from: string, to: string): void {
    const link = this.links.link(from, to);
    if (link.isCut) return;
    link.cut();
    this.#world.trace.record('network', `cut ${from} > ${to}`);
    const { cutNumber } = link;
    for (const connection of this.#connections)
      if (connection.forward.link === link || connection.backward.link === link)
        for (const side of sidesOf(connection)) this.#noticeSilence(side, () => link.cutNumber === cutNumber);
  }

  heal(from: string, to: string): void {
    const link = this.links.link(from, to);
    if (link.isCut) this.#world.trace.record('network', `heal ${from} > ${to}`);
    link.heal();
  }

  /** Between these machines everything works again: links open, stalled streams move. */
  healAmong(machines: ReadonlySet<string>): void {
    for (const from of machines) for (const to of machines) this.heal(from, to);
    for (const { forward, backward } of this.#connections) {
      if (!machines.has(forward.link.from) || !machines.has(forward.link.to)) continue;
      forward.unstall();
      backward.unstall();
    }
  }

  /** Resets one open stream, as a failing middlebox does. False when none is open. */
  resetOne(random: SimulatedRandom): boolean {
    const connection = this.#pickConnection(random);
    if (connection === undefined) return false;
    this.#world.trace.record('network', `reset ${connection.name}`);
    connection.forward.loseAll();
    connection.backward.loseAll();
    for (const side of sidesOf(connection)) this.#breakOff(side, 'the connection was reset');
    return true;
  }

  /** From now on nothing arrives in one direction of one stream, until healed. False when none is open. */
  stallOne(random: SimulatedRandom): boolean {
    const connection = this.#pickConnection(random);
    if (connection === undefined) return false;
    const pipe = random.chance(0.5) ? connection.forward : connection.backward;
    this.#world.trace.record('network', `stall ${connection.name} from ${pipe.link.from}`);
    pipe.stall();
    return true;
  }

  /** The process stopped answering, its machine did not: the other ends may take it for dead. */
  noticePause(incarnation: Incarnation, isStillPaused: () => boolean): void {
    for (const connection of this.#connections)
      for (const side of sidesOf(connection))
        if (otherSide(connection, side)?.incarnation === incarnation) this.#noticeSilence(side, isStillPaused);
  }

  #deliverForward(connection: Connection, frames: readonly StreamFrame[]): void {
    const machine = this.#machines.get(connection.request.machine);
    if (connection.target === undefined) {
      if (machine?.hasPower !== true || frames[0]?.type !== 'open') return;
      connection.connectTimeout?.cancel();
      if (machine.incarnation === undefined) {
        this.#refuse(connection, unavailable('the machine refuses: its process is down'));
        return;
      }
      connection.target = machine.incarnation;
    }
    const { target } = connection;
    target.enter(() => {
      if (frames[0]?.type === 'open') this.#accept(connection, target);
      connection.acceptor?.receive(frames);
    });
  }

  #accept(connection: Connection, target: Incarnation): void {
    const { incoming, port } = connection.request;
    const listening = this.portsOf(target).get(port);
    const acceptor = listening?.methods.get(incoming.method);
    if (listening === undefined || acceptor === undefined) {
      const why =
        listening === undefined
          ? unavailable(`nobody listens on port ${port}`)
          : statusOf('unimplemented', `there is no method ${incoming.method}`);
      this.#refuse(connection, why);
      return;
    }
    const side = new StreamSide({
      incarnation: target,
      name: connection.name,
      role: 'acceptor',
      limits: this.limits,
      deadlineMs: incoming.deadlineMs,
      outgoing: connection.backward,
      onOver: (over) => {
        listening.open.delete(over);
        listening.onStreamOver();
        this.#settle(connection);
      },
    });
    connection.acceptor = side;
    this.#connections.add(connection);
    listening.open.add(side);
    this.#world.trace.record(target.processName, `accept ${connection.name}`);
    side.bind(acceptor(incoming, side));
    this.#noticeCuts(side, connection);
  }

  #refuse({ backward }: Connection, status: Status): void {
    backward.send({ type: 'over', status });
  }

  #onDeath(machine: Machine, incarnation: Incarnation, ending: Ending): void {
    machine.incarnation = undefined;
    machine.hasPower = ending !== 'power-cut';
    machine.ports.clear();
    for (const connection of this.#connections)
      for (const side of sidesOf(connection)) {
        if (side.incarnation !== incarnation || side.isOver) continue;
        side.forget();
        this.#settle(connection);
        if (!machine.hasPower || this.#random.chance(this.habits.lostOnResetChance)) side.outgoing.loseAll();
        if (machine.hasPower)
          side.outgoing.send({ type: 'over', status: unavailable('the connection was reset by the other machine') });
        else this.#noticeSilence(otherSide(connection, side), () => true);
      }
  }

  #noticeCuts(side: StreamSide, { forward, backward }: Connection): void {
    for (const { link } of [forward, backward]) {
      const { cutNumber } = link;
      if (link.isCut) this.#noticeSilence(side, () => link.cutNumber === cutNumber);
    }
  }

  #noticeSilence(side: StreamSide | undefined, isStillSilent: () => boolean): void {
    const { silenceNoticedMsMin: min, silenceNoticedMsMax: max, silenceUnnoticedChance } = this.habits;
    if (side === undefined || side.isOver || this.#random.chance(silenceUnnoticedChance)) return;
    this.#world.scheduler.after(this.#random.integerBetween(min, max), () => {
      if (isStillSilent()) this.#breakOff(side, 'the other machine is silent');
    });
  }

  #breakOff(side: StreamSide, why: string): void {
    const status = unavailable(why);
    side.incarnation.enter(() => side.breakOff(status, status));
  }

  #pickConnection(random: SimulatedRandom): Connection | undefined {
    return this.#connections.size === 0 ? undefined : random.pick([...this.#connections]);
  }

  #settle(connection: Connection): void {
    if (sidesOf(connection).every((side) => side.isOver)) this.#connections.delete(connection);
  }
}

function sidesOf({ opener, acceptor }: Connection): readonly StreamSide[] {
  return acceptor === undefined ? [opener] : [opener, acceptor];
}

function otherSide({ opener, acceptor }: Connection, side: StreamSide): StreamSide | undefined {
  return side === opener ? acceptor : opener;
}
