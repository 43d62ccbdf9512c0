/**
 * A cluster of processes on this machine, for trying things out: what make quorum, up, status, logs and down call.
 *
 *   node cluster/local.mjs quorum [VOTERS]   voters that are brokers as well: start what is down, wait, say what to type
 *   node cluster/local.mjs up [BROKERS]      three voters, and brokers beside them
 *   node cluster/local.mjs status            which processes run, and the quorum as one of them sees it
 *   node cluster/local.mjs logs              the end of every log; goes on until ctrl-C on a terminal
 *   node cluster/local.mjs down              stop them; their data stays
 *
 * Everything is below ./data (or $ODRADEK_LOCAL_DATA): voter-1/ holds the data, voter-1.pid the process, voter-1.log
 * its log, and broker-11/ a broker's. Node n listens on 7080 + n, for peers on 7180 + n ($ODRADEK_LOCAL_PORT moves the
 * first one). $ODRADEK_LOCAL_PROGRAM runs another build than dist/.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const program = process.env.ODRADEK_LOCAL_PROGRAM ?? join(root, 'dist/bin/main.js');
const dataFolder = process.env.ODRADEK_LOCAL_DATA ?? join(root, 'data');
const firstPort = Number(process.env.ODRADEK_LOCAL_PORT ?? 7081);
/** The smallest number that goes on when one of them is gone. */
const votersDefault = 3;
const brokersDefault = 3;
const nodesMax = 9;
/** Brokers without a vote are numbered from here on: 11 listens on 7091. */
const firstBroker = 11;
/** What passes through a broker is garbage at once; a heap that starts small is marked for it again and again. */
const heapFlags = ['--initial-old-space-size=256'];
const startMsMax = 15_000;
const stopMsMax = 15_000;

const node = (kind, id) => ({
  kind,
  id,
  name: `${kind} ${id}`,
  api: `127.0.0.1:${firstPort + id - 1}`,
  peer: `127.0.0.1:${firstPort + 100 + id - 1}`,
  folder: join(dataFolder, `${kind}-${id}`),
  pidFile: join(dataFolder, `${kind}-${id}.pid`),
  logFile: join(dataFolder, `${kind}-${id}.log`),
});

const commands = { quorum, up, status, logs, down };
const [name = 'quorum', argument] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) fail(`there is no command ${name}; use one of ${Object.keys(commands).join(', ')}`);
await commands[name](argument);

async function quorum(written) {
  const brokers = known('broker').length;
  if (brokers > 0)
    fail(`${shownPath(dataFolder)}/ holds a cluster of voters and ${brokers} brokers; go on with: make up`);
  // Without a number a quorum that was stopped goes on with the size that it had.
  const count = wantedCount('VOTERS', written, { known: known('voter').length, byDefault: votersDefault });
  const voters = Array.from({ length: count }, (_, at) => node('voter', at + 1));
  refuseOtherSize(voters);
  await startAll(voters, { voters, rolesOfVoter: 'quorum,broker' });
  const has = count === 1 ? 'one voter, which leads' : `${count} voters and a leader`;
  sayWhatNext(`The quorum has ${has}; each is a broker as well.`, voters[0].api, 'quorum');
}

async function up(written) {
  const knownBrokers = known('broker').length;
  if (knownBrokers === 0 && known('voter').length > 0)
    fail(`${shownPath(dataFolder)}/ holds a quorum whose voters are brokers as well; go on with: make quorum`);
  const count = wantedCount('BROKERS', written, { known: knownBrokers, byDefault: brokersDefault });
  const voters = Array.from({ length: votersDefault }, (_, at) => node('voter', at + 1));
  const brokers = Array.from({ length: count }, (_, at) => node('broker', firstBroker + at));
  await startAll([...voters, ...brokers], { voters, rolesOfVoter: 'quorum' });
  const has = `${voters.length} voters, a leader among them, and ${count === 1 ? 'one broker' : `${count} brokers`}`;
  sayWhatNext(`The cluster has ${has}.`, brokers[0].api, 'up');
}

function wantedCount(name, written, { known, byDefault }) {
  const count = written !== undefined ? Number(written) : known > 0 ? known : byDefault;
  if (!Number.isInteger(count) || count < 1 || count > nodesMax) fail(`${name} is ${written}, not 1 to ${nodesMax}`);
  return count;
}

async function startAll(nodes, { voters, rolesOfVoter }) {
  if (!existsSync(program)) fail('nothing is built yet; run: make setup');
  mkdirSync(dataFolder, { recursive: true });
  for (const each of nodes) {
    const pid = findProcess(each);
    if (pid === undefined) start(each, { voters, roles: each.kind === 'voter' ? rolesOfVoter : 'broker' });
    console.log(
      `${each.name}  ${each.api}  pid ${findProcess(each) ?? '?'}${pid === undefined ? '' : '  (ran already)'}`,
    );
  }
  await untilReady(nodes, {
    voters,
    brokers: nodes.filter(({ kind }) => rolesOfVoter !== 'quorum' || kind === 'broker'),
  });
}

function sayWhatNext(sentence, api, goesOn) {
  const brokers = firstPort === 7081 && goesOn === 'quorum' ? '' : ` -b ${api}`;
  console.log(`
${sentence} Data and logs are in ${shownPath(dataFolder)}/. Type next:

  grpcurl -plaintext ${api} list
  grpcurl -plaintext ${api} odradek.v1.QuorumService/GetQuorum
  grpcurl -plaintext ${api} odradek.v1.MetadataService/GetServerInfo
  npx odradek${brokers} topic create orders --partitions 3
  make status        who leads, how far each voter is
  make logs          what they say
  make down          stop; the data stays for the next make ${goesOn}`);
}

/** A quorum keeps the voters that founded it: another number would be another quorum on the same data. */
function refuseOtherSize(voters) {
  const count = known('voter').length;
  if (count > 0 && count !== voters.length)
    fail(
      `${shownPath(dataFolder)}/ holds a quorum of ${count}; for one of ${voters.length} run make down and remove it`,
    );
}

function shownPath(path) {
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') ? path : below;
}

function start(each, { voters, roles }) {
  const all = voters.map(({ id, peer }) => `${id}@${peer}`).join(',');
  const settings = [
    `node.id=${each.id}`,
    `node.roles=${roles}`,
    `api.listen=${each.api}`,
    `peer.listen=${each.peer}`,
    `quorum.voters=${all}`,
    'log.format=json',
  ].flatMap((setting) => ['--set', setting]);
  const log = openSync(each.logFile, 'a');
  const child = spawn(process.execPath, [...heapFlags, program, 'server', '--data', each.folder, ...settings], {
    cwd: root,
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  writeFileSync(each.pidFile, `${child.pid}\n`);
}

/** Each voter knows a leader, and each broker beside one may have partitions placed on it. */
async function untilReady(nodes, { voters, brokers }) {
  const untilMs = Date.now() + startMsMax;
  for (;;) {
    const dead = nodes.find((each) => findProcess(each) === undefined);
    if (dead !== undefined)
      fail(`${dead.kind} ${dead.id} ended; the end of ${dead.logFile}:\n${lastLines(dead.logFile, 5)}`);
    const isLed = voters.every(({ api }) => typeof askQuorum(api)?.leaderId === 'number');
    if (isLed && activeBrokers(voters) === brokers.length) return;
    if (Date.now() > untilMs) fail(`no leader, or too few brokers, after ${startMsMax} ms; look at: make logs`);
    await delay(100);
  }
}

function askQuorum(api) {
  const asked = odradek(['-b', api, '-o', 'json', '--timeout', '1s', 'quorum', 'status']);
  return asked.status === 0 ? JSON.parse(asked.stdout) : undefined;
}

function activeBrokers([{ api }]) {
  const asked = odradek(['-b', api, '-o', 'json', '--timeout', '1s', 'broker', 'list']);
  return asked.status === 0 ? JSON.parse(asked.stdout).filter(({ state }) => state === 'active').length : 0;
}

function odradek(words) {
  return spawnSync(process.execPath, [program, ...words], { encoding: 'utf8' });
}

function status() {
  const nodes = knownNodes();
  if (nodes.length === 0) fail('there is no quorum here; start one with: make quorum');
  for (const each of nodes) {
    const pid = findProcess(each);
    console.log(`${each.name}  ${each.api}  ${pid === undefined ? 'down' : `pid ${pid}`}`);
  }
  const running = known('voter').filter((each) => findProcess(each) !== undefined);
  if (running.length === 0) fail('no voter runs; start them with: make quorum');
  const asked = odradek(['-b', running.map(({ api }) => api).join(','), 'quorum', 'status']);
  console.log(`\n${asked.stdout}${asked.stderr}`.trimEnd());
  process.exitCode = asked.status ?? 1;
}

function logs() {
  const files = knownNodes()
    .map(({ logFile }) => logFile)
    .filter((file) => existsSync(file));
  if (files.length === 0) fail('there are no logs here; start a quorum with: make quorum');
  const follow = process.stdout.isTTY ? ['-F'] : [];
  spawn('tail', ['-n', '20', ...follow, ...files], { stdio: 'inherit' });
}

async function down() {
  // Brokers first: without a quorum they could not hand over what they lead.
  const stopped = (await stopAll(known('broker'))) + (await stopAll(known('voter')));
  const goesOn = known('broker').length > 0 ? 'up' : 'quorum';
  console.log(stopped === 0 ? 'nothing runs here' : `The data stays: make ${goesOn} goes on with it.`);
}

async function stopAll(nodes) {
  const stopping = nodes.flatMap((each) => {
    const pid = findProcess(each);
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
    return pid === undefined ? [] : [{ each, pid }];
  });
  const untilMs = Date.now() + stopMsMax;
  for (const { each, pid } of stopping) {
    while (findProcess(each) !== undefined && Date.now() < untilMs) await delay(50);
    const late = findProcess(each) !== undefined;
    if (late) process.kill(pid, 'SIGKILL');
    console.log(`${each.name}  ${late ? `did not stop within ${stopMsMax} ms and was killed` : 'stopped'}`);
  }
  for (const { pidFile } of nodes) rmSync(pidFile, { force: true });
  return stopping.length;
}

function knownNodes() {
  return [...known('voter'), ...known('broker')];
}

/** Every node of that kind that was ever started here. */
function known(kind) {
  const names = existsSync(dataFolder) ? readdirSync(dataFolder) : [];
  const ids = names.flatMap((each) => new RegExp(`^${kind}-([1-9][0-9]?)\\.log$`).exec(each)?.[1] ?? []);
  return ids
    .map(Number)
    .sort((left, right) => left - right)
    .map((id) => node(kind, id));
}

/** The voter's process, if the number in its file still belongs to it: numbers are used again. */
function findProcess({ pidFile, folder }) {
  if (!existsSync(pidFile)) return undefined;
  const pid = Number(readFileSync(pidFile, 'utf8'));
  try {
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes(folder) && !command.includes('<defunct>') ? pid : undefined;
  } catch {
    return undefined;
  }
}

function lastLines(file, count) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-count).join('\n');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
