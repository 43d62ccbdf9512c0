/**
 * A voter of the metadata quorum: directory, store, Raft core, peers and state machine, put together.
 *
 * Start: claim the directory, check the store, listen on the peer port; found or find the cluster when this directory
 * belongs to none (bootstrap-runner.ts); then run Raft (raft-runner.ts) until it is stopped or a fault ends it.
 * Promises: test/quorum/single-voter.test.ts, test/scenarios/.
 */
import { assert } from '../base/assert.ts';
import { FaultError } from '../base/fault-error.ts';
import type { DirectoryId, VoterId } from '../base/ids.ts';
import { indexZero, termZero } from '../base/raft-position.ts';
import type { Clock } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import type { KeyValueStores } from '../ports/key-value-store.ts';
import type { Random } from '../ports/random.ts';
import type { Listener, Network, StreamAcceptor } from '../ports/stream.ts';
import { acceptUnary } from '../ports/unary.ts';
import type { FoundingSet } from '../raft/founding-set.ts';
import type { LeaderAnswer, LeaderCall } from '../raft/leader-call.ts';
import type { PeerSelf } from '../raft/peer-hello.ts';
import type { RaftLimits } from '../raft/raft-options.ts';
import { Raft } from '../raft/raft.ts';
import { StorageDirectory } from '../storage/directory-identity.ts';
import { describeDirectoryProblem } from '../storage/directory-problem.ts';
import { RaftDamageError } from '../storage/raft-damage.ts';
import { BootstrapRunner } from './bootstrap-runner.ts';
import { CommittedRecords } from './committed-records.ts';
import { noController, notServing, type ControllerPart, type ControllerQuorum } from './controller-part.ts';
import { readFoundingFile, writeFoundingFile } from './founding-file.ts';
import { LeaderCaller } from './leader-caller.ts';
import { PeerLinks } from './peer-links.ts';
import type { PeerStreamLimits } from './peer-stream.ts';
import { peerMethods, type QuorumCodecs } from './quorum-codecs.ts';
import type { QuorumCalls } from './quorum-calls.ts';
import type { QuorumDescription, VoterDescription } from './quorum-description.ts';
import type { QuorumStateMachine } from './quorum-state-machine.ts';
import { RaftRunner, type RaftWatch } from './raft-runner.ts';
import { SnapshotKeeper } from './snapshot-keeper.ts';
import type { SnapshotLimits } from './snapshot-policy.ts';
import { VoterStore } from './voter-store.ts';

export interface VoterPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly disk: Disk;
  /** Of the same root as `disk`. */
  readonly stores: KeyValueStores;
  readonly network: Network;
  readonly eventLog: EventLog;
}

/** A voter as the configuration lists it. */
export interface VoterAddress {
  readonly voterId: VoterId;
  readonly peerEndpoint: string;
}

export interface VoterConfig {
  readonly voterId: VoterId;
  /** Below the roots of disk and stores. */
  readonly folder: string;
  readonly peerListen: string;
  /** Where the other voters reach this one; undefined: where it listens. */
  readonly peerEndpoint: string | undefined;
  readonly apiEndpoint: string;
  /** The voters that found the cluster together. Empty: this one alone. */
  readonly voters: readonly VoterAddress[];
  readonly raftLimits: RaftLimits;
  readonly snapshotLimits: SnapshotLimits;
  readonly streamLimits: PeerStreamLimits;
}

export interface VoterOptions {
  readonly ports: VoterPorts;
  readonly config: VoterConfig;
  readonly codecs: QuorumCodecs;
  readonly machine: QuorumStateMachine;
  /** What works only while this voter leads; absent: nothing does, and calls for it are not served. */
  readonly controller?: (quorum: ControllerQuorum) => ControllerPart;
  /** The voter cannot go on: a failed disk, a damaged store, a broken invariant. */
  readonly onFatal: (fault: unknown) => void;
  readonly watch?: RaftWatch;
  /** More methods of the peer port. */
  readonly alsoServes?: (voter: Voter) => ReadonlyMap<string, StreamAcceptor>;
}

/** What runs once the cluster is known. */
interface Membership {
  readonly founding: FoundingSet;
  readonly runner: RaftRunner;
  readonly controller: ControllerPart;
  readonly keeper: SnapshotKeeper;
  readonly records: CommittedRecords;
}

const handoverMsMax = 1000;

export class Voter implements QuorumCalls {
  readonly #options: VoterOptions;
  readonly #directory: StorageDirectory;
  readonly #store: VoterStore;
  readonly #links: PeerLinks;
  readonly #caller: LeaderCaller;
  readonly #onJoined: (() => void)[] = [];
  #bootstrap: BootstrapRunner | undefined;
  #listener: Listener | undefined;
  #membership: Membership | undefined;
  #stopping = false;

  private constructor(options: VoterOptions, directory: StorageDirectory, store: VoterStore) {
    const { ports, config, codecs } = options;
    this.#options = options;
    this.#directory = directory;
    this.#store = store;
    this.#links = new PeerLinks({
      ...ports,
      codecs,
      limits: config.streamLimits,
      self: () => this.#self(),
      configuredEndpoint: (voter) => config.voters.find(({ voterId }) => voterId === voter)?.peerEndpoint,
      onMessage: (sender, message) => this.#membership?.runner.onMessage(sender, message),
    });
    this.#caller = new LeaderCaller({
      clock: ports.clock,
      codecs,
      voterId: config.voterId,
      clusterId: () => this.#self()?.clusterId,
      leader: () => this.#membership?.runner.view.leader,
      askSelf: (call) => this.#askSelf(call),
      channelTo: (voter) => this.#links.callChannel(voter),
    });
  }

  /** Resolves when the voter answers; a single one leads by then or will in a moment. Throws for a refused directory. */
  static async start(options: VoterOptions): Promise<Voter> {
    const { ports, config, codecs } = options;
    const directory = await openDirectory(options);
    try {
      const store = await VoterStore.open({
        disk: ports.disk,
        stores: ports.stores,
        directory,
        recentBytesMax: config.raftLimits.recentBytesMax,
        codecs,
      });
      if (!store.ok) throw new RaftDamageError(store.problem);
      const voter = new Voter(options, directory, store.value);
      try {
        await voter.#open();
        return voter;
      } catch (fault) {
        await voter.#close();
        throw fault;
      }
    } catch (fault) {
      await directory.close();
      throw fault;
    }
  }

  get directoryId(): DirectoryId {
    return this.#directory.directoryId;
  }

  /** Where the other voters reach this one. */
  get peerEndpoint(): string {
    assert(this.#listener !== undefined, 'a started voter listens');
    return this.#options.config.peerEndpoint ?? this.#listener.endpoint;
  }

  /** The committed log; undefined until the voter knows its cluster. */
  get records(): CommittedRecords | undefined {
    return this.#membership?.records;
  }

  /** Resolves when the voter belongs to a cluster; at once if it does. */
  untilJoined(): Promise<void> {
    if (this.#membership !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onJoined.push(resolve);
    });
  }

  /** Gets the call to the leader, whoever that is, and back. `waitMs` bounds how long a leader is looked for. */
  ask(call: LeaderCall, waitMs: number): Promise<LeaderAnswer> {
    return this.#caller.ask(call, waitMs);
  }

  describe(): QuorumDescription {
    const membership = this.#membership;
    return membership === undefined ? this.#describeUnjoined() : this.#describeMember(membership);
  }

  /** Hands leadership over when it leads, lets what it wrote reach the disk, and leaves everything closed. */
  async stop(): Promise<void> {
    assert(!this.#stopping, 'a voter is stopped once');
    const runner = this.#membership?.runner;
    if (runner?.view.role === 'leader' && runner.view.voterSet.voters.length > 1)
      await this.#within(handoverMsMax, runner.ask({ type: 'transfer', target: undefined }));
    await this.#close();
    await this.#directory.close();
  }

  async #open(): Promise<void> {
    const { ports, config, codecs, onFatal, alsoServes } = this.#options;
    const file = { disk: ports.disk, directory: this.#directory, codec: codecs.founding };
    const founding = await readFoundingFile(file);
    const unary = (handler: Parameters<typeof acceptUnary>[0]) =>
      acceptUnary(handler, (fault) => {
        onFatal(fault);
      });
    this.#listener = await ports.network.listen({
      endpoint: config.peerListen,
      methods: new Map([
        [peerMethods.converse, this.#links.acceptor.accept],
        [peerMethods.introduce, unary((call, request) => this.#mustBootstrap().answer(call, request))],
        [peerMethods.askLeader, unary(this.#caller.answer)],
        ...(alsoServes?.(this) ?? []),
      ]),
    });
    this.#bootstrap = this.#makeBootstrap(founding, (set) => writeFoundingFile(file, set));
    if (founding !== undefined) await this.#join(founding);
    else {
      this.#bootstrap.start();
      if (config.voters.length <= 1) await this.untilJoined();
    }
  }

  #makeBootstrap(founding: FoundingSet | undefined, persist: (set: FoundingSet) => Promise<void>): BootstrapRunner {
    const { ports, config, codecs, onFatal } = this.#options;
    const { voterId, apiEndpoint } = config;
    const self = { voterId, peerEndpoint: this.peerEndpoint };
    return new BootstrapRunner({
      ...ports,
      codecs,
      bootstrap: {
        ...self,
        directoryId: this.directoryId,
        apiEndpoint,
        listed: config.voters.length === 0 ? [self] : config.voters,
        founding,
      },
      persist,
      onJoined: (set) => {
        this.#join(set).catch(onFatal);
      },
      onFatal,
    });
  }

  #mustBootstrap(): BootstrapRunner {
    assert(this.#bootstrap !== undefined, 'a listening voter answers questions');
    return this.#bootstrap;
  }

  async #join(founding: FoundingSet): Promise<void> {
    const { ports, config, machine, onFatal } = this.#options;
    const initial = this.#store.takeInitialState(founding.voters);
    const store = this.#store;
    const keeper = new SnapshotKeeper({ store, machine, limits: config.snapshotLimits, snapshot: initial.snapshot });
    if (initial.snapshot.lastIndex > indexZero) await keeper.restore(initial.snapshot);
    if (this.#stopping) return;
    const raft = new Raft({
      voterId: config.voterId,
      directoryId: this.directoryId,
      limits: config.raftLimits,
      initial,
      nowMs: ports.clock.monotonicMs(),
      integerBelow: (bound) => ports.random.integerBelow(bound),
    });
    const controller = (this.#options.controller ?? noController)({
      clusterId: founding.clusterId,
      propose: (command) => runner.ask({ type: 'propose', command }),
      readIndex: () => runner.ask({ type: 'read-index' }),
    });
    const runner: RaftRunner = new RaftRunner({
      raft,
      controller,
      watch: this.#options.watch,
      heartbeatMs: config.raftLimits.heartbeatMs,
      clock: ports.clock,
      eventLog: ports.eventLog,
      store,
      links: this.#links,
      keeper,
      onFatal,
    });
    const records = new CommittedRecords({ store, keeper, firstIndex: () => raft.view.firstIndex });
    this.#membership = { founding, runner, controller, keeper, records };
    ports.eventLog.emit('info', 'belongs to a cluster', { clusterId: founding.clusterId, directory: this.directoryId });
    runner.start(raft.view.voterSet.voters.filter(({ voterId }) => voterId !== config.voterId));
    for (const joined of this.#onJoined.splice(0)) joined();
  }

  #self(): PeerSelf | undefined {
    if (this.#stopping || this.#membership === undefined) return undefined;
    const { clusterId } = this.#membership.founding;
    return { clusterId, voterId: this.#options.config.voterId, directoryId: this.directoryId };
  }

  #askSelf(call: LeaderCall): Promise<LeaderAnswer> {
    const membership = this.#membership;
    if (membership === undefined || this.#stopping) return Promise.resolve(notServing);
    return call.type === 'control' ? membership.controller.ask(call.request) : membership.runner.ask(call);
  }

  async #within(waitMs: number, outcome: Promise<unknown>): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.ports.clock.callAfterMs(waitMs, resolve);
      const done = (): void => {
        timer.cancel();
        resolve();
      };
      outcome.then(done, done);
    });
  }

  async #close(): Promise<void> {
    this.#stopping = true;
    await this.#listener?.close(0);
    await this.#bootstrap?.stop();
    // Its proposals end with the runner, and only then its own effects have ended.
    const controllerStopped = this.#membership?.controller.stop();
    await this.#membership?.runner.stop();
    await controllerStopped;
    this.#links.close();
    await this.#store.close();
  }

  #describeUnjoined(): QuorumDescription {
    return {
      clusterId: undefined,
      voterId: this.#options.config.voterId,
      leaderId: undefined,
      term: termZero,
      role: 'follower',
      firstIndex: indexZero,
      lastIndex: indexZero,
      commitIndex: indexZero,
      committedChain: 0,
      voters: [],
    };
  }

  #describeMember({ founding, runner, keeper }: Membership): QuorumDescription {
    const { view } = runner;
    const { appliedIndex } = keeper;
    return {
      clusterId: founding.clusterId,
      voterId: view.voterId,
      leaderId: view.leader,
      term: view.term,
      role: view.role,
      firstIndex: view.firstIndex,
      lastIndex: view.last.index,
      // What the state machine has, so that index and chain always go together.
      commitIndex: appliedIndex,
      committedChain: this.#store.chainAt(appliedIndex) ?? this.#store.snapshot?.committedChain ?? 0,
      voters: view.voterSet.voters.map((voter) => this.#describeVoter(view, voter)),
    };
  }

  #describeVoter(view: RaftRunner['view'], voter: FoundingSet['voters'][number]): VoterDescription {
    const { voterId, directoryId, peerEndpoint, apiEndpoint } = voter;
    const peer = view.peers().find((candidate) => candidate.peer.voterId === voterId);
    const isLeader = view.role === 'leader' && voterId === view.voterId;
    const nowMs = this.#options.ports.clock.monotonicMs();
    const lastContactMs = peer === undefined ? undefined : Math.max(0, nowMs - peer.lastContactMs);
    return {
      voterId,
      directoryId,
      peerEndpoint,
      apiEndpoint,
      matchedIndex: isLeader ? view.durableIndex : peer?.matchedIndex,
      lastContactMs: isLeader ? 0 : lastContactMs,
    };
  }
}

async function openDirectory({ ports, config }: VoterOptions): Promise<StorageDirectory> {
  const { folder, voterId } = config;
  const directory = await StorageDirectory.open({
    disk: ports.disk,
    folder,
    random: ports.random,
    nodeId: voterId,
    clusterId: undefined,
  });
  if (directory.ok) return directory.value;
  throw new FaultError(describeDirectoryProblem(folder, directory.problem), { problem: directory.problem });
}
