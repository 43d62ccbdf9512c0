/**
 * All partitions of one broker: opens, tells, and removes its replicas as the committed metadata says, and leads to
 * each whoever asks for it. What a change of the metadata costs is what it changed.
 *
 * A folder of a partition is removed only because an image that this life of the broker has reached does not have it
 * here: topics' ids are never given twice, so a folder that is unknown then was deleted.
 * Read next: partition-runner.ts, partition-facts-of.ts, broker-notes.ts.
 */
import { assert } from '../base/assert.ts';
import type { BrokerEpoch } from '../base/epochs.ts';
import { FaultError } from '../base/fault-error.ts';
import type { BrokerId, DirectoryId, TopicId } from '../base/ids.ts';
import { offset, type Offset } from '../base/offsets.ts';
import { configKey, type MetadataImage } from '../metadata/metadata-image.ts';
import type { MetadataDelta } from '../metadata/metadata-delta.ts';
import type { PartitionMessage } from '../partition/partition-message.ts';
import { defaultPartitionLimits } from '../partition/partition-options.ts';
import type { Clock, Timer } from '../ports/clock.ts';
import type { Disk } from '../ports/disk.ts';
import type { EventLog } from '../ports/event-log.ts';
import { LogDisk } from '../storage/log-disk.ts';
import { startAfterRetention } from '../storage/log-retention.ts';
import { removeLeftOverLogs, removeLog, type LogRemovalOptions } from '../storage/remove-log.ts';
import { ranOutOfSpace } from '../storage/out-of-space.ts';
import { Slots } from '../storage/slots.ts';
import type { HeldLog } from './open-replica.ts';
import { noteCleanStop, saveWatermarks, takeNotes, type BrokerNotes } from './broker-notes.ts';
import type { BrokerQuorum } from './broker-quorum.ts';
import { LogScrubber, type ScrubPace } from './log-scrubber.ts';
import type { PartitionController } from './partition-controller.ts';
import type { NotHere, PartitionDoor, PartitionDoors } from './partition-door.ts';
import { findPartition, isPlacedOn, logSettingsOf, partitionMetadataOf, retentionOf } from './partition-facts-of.ts';
import { findPartitionKey, partitionKeyText, type PartitionKey } from './partition-key.ts';
import { PartitionRunner, type PartitionWatch } from './partition-runner.ts';
import type { PeerBatches } from '../partition/peer-batches.ts';
import type { ReplicaLinkEvents, ReplicaLinks } from './replica-links.ts';

export interface PartitionHostOptions {
  readonly brokerId: BrokerId;
  /** Of this life. The image of the quorum has reached it. */
  readonly brokerEpoch: BrokerEpoch;
  readonly directory: DirectoryId;
  readonly disk: Disk;
  /** Holds a folder for each partition. */
  readonly folder: string;
  readonly quorum: Pick<BrokerQuorum, 'image' | 'onChange'>;
  readonly links: ReplicaLinks;
  readonly controller: PartitionController;
  readonly clock: Clock;
  readonly eventLog: EventLog;
  readonly scrubPace: ScrubPace;
  readonly watchOf?: (key: PartitionKey) => PartitionWatch | undefined;
  /** This broker cannot go on: a bug, or a disk that may have lost what it said is there. */
  readonly onFatal: (fault: unknown) => void;
}

/** One partition that is here, is coming, or is going. */
interface Slot {
  readonly key: PartitionKey;
  runner: PartitionRunner | undefined;
  /** Opening, closing or removing; what is wanted meanwhile is looked at when it has ended. */
  busy: Promise<void> | undefined;
  isRemoved: boolean;
  /** The broker ends because of it; nothing more is done with it. */
  hasFailed: boolean;
  /** The disk has no room for what it was to take: it is opened again, as what it was, when there may be some. */
  full: { readonly held: HeldLog | undefined; readonly timer: Timer | undefined } | undefined;
}

const opensMax = 8;
const repairsMax = 2;
const fullRetryMs = 1000;
const upkeepMs = 10_000;
const removalDelayMs = 60_000;

export class PartitionHost implements PartitionDoors, ReplicaLinkEvents {
  readonly #options: PartitionHostOptions;
  readonly #on: LogDisk;
  readonly #notes: BrokerNotes;
  readonly #slots = new Map<string, Slot>();
  readonly #opening = new Slots(opensMax);
  readonly #repairSlots = new Slots(repairsMax);
  readonly #forgetImages: () => void;
  readonly #scrubber: LogScrubber;
  #timer: Timer | undefined;
  #savedWatermarks = '';
  #appendedBytes = 0;
  #isOver = false;

  private constructor(options: PartitionHostOptions, notes: BrokerNotes) {
    this.#options = options;
    this.#notes = notes;
    this.#on = new LogDisk(options.disk);
    this.#forgetImages = options.quorum.onChange((delta) => this.#onChange(delta));
    const { clock, scrubPace: pace, onFatal: onBug } = options;
    this.#scrubber = new LogScrubber({
      clock,
      pace,
      logs: () => [...this.runners()].map(({ repairs }) => repairs),
      onBug,
    });
  }

  /** Opens what the newest image places here; resolves when that is begun, and leftovers are on their way out. */
  static async start(options: PartitionHostOptions): Promise<PartitionHost> {
    const { disk, folder, quorum, brokerEpoch } = options;
    assert(quorum.image.revision >= brokerEpoch, 'a broker keeps partitions once it has seen itself registered', {
      revision: quorum.image.revision,
      brokerEpoch,
    });
    await disk.makeFolder(folder);
    const host = new PartitionHost(options, await takeNotes(disk, folder));
    await removeLeftOverLogs(host.#removal, folder);
    for (const name of await disk.list(folder)) host.#noteFolder(name);
    host.#lookAtAll(quorum.image);
    host.#upkeepLater();
    host.#scrubber.start();
    return host;
  }

  find(key: PartitionKey): PartitionDoor | NotHere {
    const { image } = this.#options.quorum;
    const slot = this.#slots.get(partitionKeyText(key));
    if (slot?.runner !== undefined && slot.busy === undefined) return slot.runner.requests;
    if (slot?.full !== undefined) return { type: 'disk-full' };
    if (findPartition(image, key) === undefined) return { type: 'no-such-partition' };
    return isPlacedOn(image, key, this.#options) ? { type: 'opening' } : { type: 'not-here' };
  }

  /** By all logs of this life. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** For looking, such as at what this broker leads. */
  *runners(): IterableIterator<PartitionRunner> {
    for (const { runner } of this.#slots.values()) if (runner !== undefined) yield runner;
  }

  onMessage(from: BrokerId, key: PartitionKey, message: PartitionMessage): void {
    this.#slots.get(partitionKeyText(key))?.runner?.onMessage(from, message);
  }

  onLinkLost(broker: BrokerId): void {
    for (const runner of this.runners()) runner.onLinkLost(broker);
  }

  async readHere(key: PartitionKey, from: Offset): Promise<PeerBatches | undefined> {
    return this.#slots.get(partitionKeyText(key))?.runner?.repairs.readForPeer(from);
  }

  /** Closes every log, and says to the next life how far it was. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#timer?.cancel();
    this.#forgetImages();
    this.#scrubber.stop();
    for (const { full } of this.#slots.values()) full?.timer?.cancel();
    const { disk, folder, eventLog } = this.#options;
    await Promise.all([...this.#slots.values()].map(async (slot) => slot.busy));
    const watermarks = this.#watermarks();
    const runners = [...this.runners()];
    const hasFull = [...this.#slots.values()].some(({ full }) => full !== undefined);
    await Promise.all(runners.map((runner) => this.#opening.run(() => runner.stop())));
    this.#slots.clear();
    if (hasFull || runners.some(({ log }) => !log.wasClosedInOrder)) return;
    await saveWatermarks(disk, folder, watermarks);
    await noteCleanStop(disk, folder);
    eventLog.emit('debug', 'closed all logs', { partitions: runners.length });
  }

  get #removal(): LogRemovalOptions {
    const { disk, clock, eventLog } = this.#options;
    return { disk, clock, eventLog, delayMs: removalDelayMs };
  }

  #noteFolder(name: string): void {
    const key = findPartitionKey(name);
    if (key !== undefined) this.#slotOf(key);
  }

  #onChange(delta: MetadataDelta): void {
    if (this.#isOver) return;
    const { after, configs } = delta;
    const isForAll = delta.isWhole || configs.has(configKey({ scope: 'cluster' }));
    if (isForAll || delta.brokers.size > 0) this.#lookAtAll(after);
    if (isForAll) return;
    for (const topicId of [...delta.topicsCreated, ...topicsIn(configs, after)])
      for (const partition of after.topics.get(topicId)?.partitions.keys() ?? [])
        this.#look(after, { topicId, partition });
    for (const [topicId, partitions] of delta.partitions)
      for (const partition of partitions) this.#look(after, { topicId, partition });
    for (const topicId of delta.topicsDeleted)
      for (const partition of delta.before.topics.get(topicId)?.partitions.keys() ?? [])
        this.#look(after, { topicId, partition });
  }

  #lookAtAll(image: MetadataImage): void {
    for (const { key } of this.#slots.values()) this.#look(image, key);
    for (const { topicId, partitions } of image.topics.values())
      for (const partition of partitions.keys())
        if (!this.#slots.has(partitionKeyText({ topicId, partition }))) this.#look(image, { topicId, partition });
  }

  #look(image: MetadataImage, key: PartitionKey): void {
    if (isPlacedOn(image, key, this.#options)) this.#advance(this.#slotOf(key));
    else {
      const slot = this.#slots.get(partitionKeyText(key));
      if (slot !== undefined) this.#advance(slot);
    }
  }

  #slotOf(key: PartitionKey): Slot {
    const name = partitionKeyText(key);
    const known = this.#slots.get(name);
    if (known !== undefined) return known;
    const slot: Slot = { key, runner: undefined, busy: undefined, isRemoved: false, hasFailed: false, full: undefined };
    this.#slots.set(name, slot);
    return slot;
  }

  /** One thing at a time for each partition, and always what the newest image wants. */
  #advance(slot: Slot): void {
    if (slot.busy !== undefined || slot.isRemoved || slot.hasFailed || this.#isOver) return;
    if (slot.full?.timer !== undefined) return;
    const { image } = this.#options.quorum;
    if (!isPlacedOn(image, slot.key, this.#options)) this.#begin(slot, () => this.#remove(slot, image));
    else if (slot.runner === undefined) this.#begin(slot, () => this.#open(slot, image));
    else this.#tell(slot.runner, image);
  }

  #begin(slot: Slot, act: () => Promise<void>): void {
    slot.busy = this.#opening
      .run(act)
      .catch((cause: unknown) => {
        if (ranOutOfSpace(cause)) return this.#openLater(slot, slot.full?.held);
        slot.hasFailed = true;
        this.#options.onFatal(cause);
      })
      .then(() => {
        slot.busy = undefined;
        if (slot.isRemoved) this.#look(this.#options.quorum.image, slot.key);
        else this.#advance(slot);
      });
  }

  #tell(runner: PartitionRunner, image: MetadataImage): void {
    const metadata = partitionMetadataOf(image, runner.key);
    assert(metadata !== undefined, 'what is placed here is a partition', { ...runner.key });
    runner.changeSettings(logSettingsOf(image, runner.key));
    runner.onMetadata(metadata);
  }

  async #open(slot: Slot, image: MetadataImage): Promise<void> {
    if (this.#isOver) return;
    const { brokerId, brokerEpoch, directory, clock, eventLog, links, controller, watchOf } = this.#options;
    const { key } = slot;
    const settings = logSettingsOf(image, key);
    const opened = await PartitionRunner.open({
      key,
      brokerId,
      brokerEpoch,
      directory,
      on: this.#on,
      path: this.#pathOf(key),
      settings,
      limits: defaultPartitionLimits,
      knownWatermark: this.#notes.watermarks.get(partitionKeyText(key)) ?? offset(0),
      wasStoppedCleanly: this.#notes.wasStoppedCleanly,
      clock,
      eventLog,
      links,
      controller,
      repairSlots: this.#repairSlots,
      onAppended: (bytes) => (this.#appendedBytes += bytes),
      watch: watchOf?.(key),
      held: slot.full?.held,
      onLogFailed: () => this.#onLogFailed(slot),
      onBug: this.#options.onFatal,
    });
    if (!opened.ok)
      throw new FaultError('a log was written by a newer release; start that one', { ...key, ...opened.problem });
    slot.runner = opened.value;
    if (slot.full !== undefined) this.#options.eventLog.emit('info', 'has room for a log again', { ...key });
    slot.full = undefined;
    this.#noteOpening(opened.value);
  }

  #noteOpening({ key, log: { report, logEnd } }: PartitionRunner): void {
    const { eventLog } = this.#options;
    if (report.dropped !== undefined)
      eventLog.emit('warn', 'a start cut off the end of a log, which was not whole', { ...key, ...report.dropped });
    if (report.lostStart !== undefined)
      eventLog.emit('error', 'the first files of a log are gone', { ...key, ...report.lostStart });
    for (const { from, to } of report.damaged) eventLog.emit('error', 'a log is damaged', { ...key, from, to });
    eventLog.emit('debug', 'opened a log', { ...key, logEnd, scannedBytes: report.scannedBytes });
  }

  async #remove(slot: Slot, image: MetadataImage): Promise<void> {
    const { key, runner } = slot;
    slot.runner = undefined;
    await runner?.stop();
    const { disk, folder, eventLog } = this.#options;
    if ((await disk.list(folder)).includes(partitionKeyText(key))) {
      await removeLog(this.#removal, this.#pathOf(key), { revision: image.revision });
      eventLog.emit('info', 'removed a log', { ...key, revision: image.revision });
    }
    slot.isRemoved = true;
    this.#slots.delete(partitionKeyText(key));
  }

  /** What the disk has of the last writes nobody knows, so this life says no more of it: the next one looks. */
  #onLogFailed(slot: Slot): void {
    const { key, runner } = slot;
    const cause = runner?.log.failure;
    if (runner !== undefined && ranOutOfSpace(cause)) return this.#closeFull(slot, runner);
    this.#options.onFatal(new FaultError('the log of a partition failed', { ...key }, cause));
  }

  /** A full disk has lost nothing, and other logs can be read: so this one waits until there is room. */
  #closeFull(slot: Slot, runner: PartitionRunner): void {
    // It is on its way out already.
    if (slot.busy !== undefined) return;
    this.#options.eventLog.emit('error', 'the disk is full: a log takes nothing until there is room', { ...slot.key });
    this.#openLater(slot, runner.held);
    this.#begin(slot, async () => {
      slot.runner = undefined;
      await runner.stop();
    });
  }

  #openLater(slot: Slot, held: HeldLog | undefined): void {
    slot.full?.timer?.cancel();
    const timer = this.#options.clock.callAfterMs(fullRetryMs, () => {
      slot.full = { held, timer: undefined };
      this.#advance(slot);
    });
    slot.full = { held, timer };
  }

  #pathOf(key: PartitionKey): string {
    return `${this.#options.folder}/${partitionKeyText(key)}`;
  }

  #watermarks(): ReadonlyMap<string, Offset> {
    const watermarks = new Map<string, Offset>();
    for (const { key, runner, full } of this.#slots.values()) {
      const watermark = runner?.view.watermark ?? full?.held?.watermark;
      if (watermark !== undefined) watermarks.set(partitionKeyText(key), watermark);
    }
    return watermarks;
  }

  #upkeepLater(): void {
    this.#timer = this.#options.clock.callAfterMs(upkeepMs, () => {
      this.#retainAll();
      this.#keepWatermarks().then(
        () => {
          if (!this.#isOver) this.#upkeepLater();
        },
        (cause: unknown) => {
          // They are kept for a quicker start; a full disk has them of before.
          if (ranOutOfSpace(cause)) this.#upkeepLater();
          else this.#options.onFatal(cause);
        },
      );
    });
  }

  async #keepWatermarks(): Promise<void> {
    const { disk, folder } = this.#options;
    const watermarks = this.#watermarks();
    const text = JSON.stringify([...watermarks]);
    if (text === this.#savedWatermarks) return;
    await saveWatermarks(disk, folder, watermarks);
    this.#savedWatermarks = text;
  }

  /** Only leaders want a start; the others are told by them. */
  #retainAll(): void {
    const { image } = this.#options.quorum;
    for (const runner of this.runners()) {
      if (!runner.view.isEstablished) continue;
      const { bytesMax, ageMsMax } = retentionOf(image, runner.key);
      if (bytesMax === undefined && ageMsMax === undefined) continue;
      const keepFromMs = ageMsMax === undefined ? undefined : this.#options.clock.wallMs() - ageMsMax;
      const { segments, localStart } = runner.log;
      const active = segments.at(-1);
      assert(active !== undefined, 'a log has an active segment');
      const rule = { bytesMax, keepFromMs, below: runner.view.watermark };
      const start = startAfterRetention(rule, { sealed: segments.slice(0, -1), active, localStart });
      if (start > runner.view.start) runner.onRetention(start);
    }
  }
}

function topicsIn(configs: ReadonlySet<string>, image: MetadataImage): readonly TopicId[] {
  if (configs.size === 0) return [];
  return [...image.topics.keys()].filter((topicId) => configs.has(configKey({ scope: 'topic', topicId })));
}
