/**
 * A quorum of processes on this machine, for trying things out: what `make quorum`, `status`, `logs`, `down` call.
 *
 *   node cluster/local.mjs up [VOTERS]   start what does not run, wait until there is a leader, say what to type
 *   node cluster/local.mjs status        which processes run, and the quorum as one of them sees it
 *   node cluster/local.mjs logs          the end of every log; goes on until ctrl-C on a terminal
 *   node cluster/local.mjs down          stop them; their data stays
 *
 * Everything is below ./data (or $ODRADEK_LOCAL_DATA): voter-1/ holds the data, voter-1.pid the process, voter-1.log
 * its log. Ports are 7081.., peers 7181.. ($ODRADEK_LOCAL_PORT moves the first one). $ODRADEK_LOCAL_PROGRAM runs
 * another build than dist/.
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
const votersMax = 9;
/** What passes through a broker is garbage at once; a heap that starts small is marked for it again and again. */
const heapFlags = ['--initial-old-space-size=256'];
const startMsMax = 15_000;
const stopMsMax = 15_000;

const voter = (id) => ({
  id,
  api: `127.0.0.1:${firstPort + id - 1}`,
  peer: `127.0.0.1:${firstPort + 100 + id - 1}`,
  folder: join(dataFolder, `voter-${id}`),
  pidFile: join(dataFolder, `voter-${id}.pid`),
  logFile: join(dataFolder, `voter-${id}.log`),
});

const commands = { up, status, logs, down };
const [name = 'up', argument] = process.argv.slice(2);
if (!Object.hasOwn(commands, name)) fail(`there is no command ${name}; use one of ${Object.keys(commands).join(', ')}`);
await commands[name](argument);

async function up(written) {
  // Without a number a quorum that was stopped goes on with the size that it had.
  const known = knownVoters().map(({ id }) => id);
  const count = written !== undefined ? Number(written) : known.length > 0 ? Math.max(...known) : votersDefault;
  if (!Number.isInteger(count) || count < 1 || count > votersMax) fail(`VOTERS is ${written}, not 1 to ${votersMax}`);
  if (!existsSync(program)) fail('nothing is built yet; run: make setup');
  const voters = Array.from({ length: count }, (_, at) => voter(at + 1));
  refuseOtherSize(voters);
  mkdirSync(dataFolder, { recursive: true });
  for (const each of voters) {
    const pid = findProcess(each);
    if (pid === undefined) start(each, voters);
    console.log(
      `voter ${each.id}  ${each.api}  pid ${findProcess(each) ?? '?'}${pid === undefined ? '' : '  (ran already)'}`,
    );
  }
  await untilReady(voters);
  const [{ api }] = voters;
  console.log(`
The quorum has ${count === 1 ? 'one voter, which leads' : `${count} voters and a leader`}; each is a broker as well. Data and logs are in ${shownPath(dataFolder)}/. Type next:

  grpcurl -plaintext ${api} list
  grpcurl -plaintext ${api} odradek.v1.QuorumService/GetQuorum
  grpcurl -plaintext ${api} odradek.v1.MetadataService/GetServerInfo
  npx odradek topic create orders --partitions 3
  make status        who leads, how far each voter is
  make logs          what they say
  make down          stop; the data stays for the next make quorum`);
}

/** A quorum keeps the voters that founded it: another number would be another quorum on the same data. */
function refuseOtherSize(voters) {
  const known = knownVoters().length;
  if (known > 0 && known !== voters.length)
    fail(
      `${shownPath(dataFolder)}/ holds a quorum of ${known}; for one of ${voters.length} run make down and remove it`,
    );
}

function shownPath(path) {
  const below = relative(process.cwd(), path);
  return below === '' || below.startsWith('..') ? path : below;
}

function start(each, voters) {
  const all = voters.map(({ id, peer }) => `${id}@${peer}`).join(',');
  const settings = [
    `node.id=${each.id}`,
    'node.roles=quorum,broker',
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
async function untilReady(voters) {
  const untilMs = Date.now() + startMsMax;
  for (;;) {
    const dead = voters.find((each) => findProcess(each) === undefined);
    if (dead !== undefined) fail(`voter ${dead.id} ended; the end of ${dead.logFile}:\n${lastLines(dead.logFile, 5)}`);
    const quorums = voters.map(({ api }) => askQuorum(api));
    const isLed = quorums.every((quorum) => typeof quorum?.leaderId === 'number');
    if (isLed && activeBrokers(voters) === voters.length) return;
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
  const voters = knownVoters();
  if (voters.length === 0) fail('there is no quorum here; start one with: make quorum');
  for (const each of voters) {
    const pid = findProcess(each);
    console.log(`voter ${each.id}  ${each.api}  ${pid === undefined ? 'down' : `pid ${pid}`}`);
  }
  const running = voters.filter((each) => findProcess(each) !== undefined);
  if (running.length === 0) fail('no voter runs; start them with: make quorum');
  const asked = odradek(['-b', running.map(({ api }) => api).join(','), 'quorum', 'status']);
  console.log(`\n${asked.stdout}${asked.stderr}`.trimEnd());
  process.exitCode = asked.status ?? 1;
}

function logs() {
  const files = knownVoters()
    .map(({ logFile }) => logFile)
    .filter((file) => existsSync(file));
  if (files.length === 0) fail('there are no logs here; start a quorum with: make quorum');
  const follow = process.stdout.isTTY ? ['-F'] : [];
  spawn('tail', ['-n', '20', ...follow, ...files], { stdio: 'inherit' });
}

async function down() {
  const stopping = knownVoters().flatMap((each) => {
    const pid = findProcess(each);
    if (pid !== undefined) process.kill(pid, 'SIGTERM');
    return pid === undefined ? [] : [{ each, pid }];
  });
  const untilMs = Date.now() + stopMsMax;
  for (const { each, pid } of stopping) {
    while (findProcess(each) !== undefined && Date.now() < untilMs) await delay(50);
    const late = findProcess(each) !== undefined;
    if (late) process.kill(pid, 'SIGKILL');
    console.log(`voter ${each.id}  ${late ? `did not stop within ${stopMsMax} ms and was killed` : 'stopped'}`);
  }
  for (const { pidFile } of knownVoters()) rmSync(pidFile, { force: true });
  console.log(stopping.length === 0 ? 'no voter runs' : 'The data stays: make quorum goes on with it.');
}

/** Every voter that was ever started here. */
function knownVoters() {
  const names = existsSync(dataFolder) ? readdirSync(dataFolder) : [];
  const ids = names.map((each) => /^voter-([1-9])\.log$/.exec(each)?.[1]).filter((id) => id !== undefined);
  return ids.sort().map((id) => voter(Number(id)));
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
