import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';

const ownMain = fileURLToPath(new URL('../dist/main.js', import.meta.url));
/** What every topic begins with. */
const prefix = 'bench';
const probe = new URL('./soak/loop-probe.js', import.meta.url).href;

/** As systemd/kdad-edge.service has it. */
const allocation = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '131072' };

/** Where there are more cores, the daemon and its children get the first two. */
const onTwoCores = (...command) => (availableParallelism() > 2 ? ['taskset', '-c', '0,1', ...command] : command);

/** A Mosquitto with one subscriber, who counts the messages and hands each on with the time of its arrival. */
export async function startBroker(folder, onMessage = () => {}) {
  const port = await freePort();
  const configuration = join(folder, 'mosquitto.conf');
  await writeFile(configuration, `listener ${port} 127.0.0.1\nallow_anonymous true\n`);
  const broker = spawn('mosquitto', ['-c', configuration], { stdio: 'ignore' });
  await once(broker, 'spawn');
  while (!(await answers(port))) await sleep(20);
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  let messages = 0;
  client.on('message', (topic, payload) => {
    messages++;
    onMessage(topic, payload, performance.timeOrigin + performance.now());
  });
  await client.subscribeAsync(`${prefix}/#`, { qos: 1 });
  const stop = async () => {
    await client.endAsync(true);
    broker.kill('SIGTERM');
    await once(broker, 'exit');
  };
  return { port, messages: () => messages, stop };
}

/**
 * The built daemon on cameras of the configuration, each `{ name, source }`. It has two cores, and a state of its own.
 * @param settings more lines of the configuration; `main` is another checkout's `dist/main.js`
 */
export async function startDaemon({
  folder,
  model,
  cameras,
  brokerPort,
  verdicts = false,
  settings = '',
  main = ownMain,
}) {
  const config = join(folder, 'kdad-edge.yaml');
  const state = await mkdtemp(join(folder, 'state-'));
  await writeFile(
    config,
    `model: ${JSON.stringify(model)}
stateDir: ${JSON.stringify(state)}
cameras: ${JSON.stringify(cameras)}
mqtt: { url: "mqtt://127.0.0.1:${brokerPort}", topicPrefix: ${prefix}, verdicts: ${verdicts} }
http: { port: 0 }
${settings}`,
  );
  const [command, ...args] = onTwoCores(process.execPath, main, 'run', '--config', config);
  const stillness = join(folder, 'stillness');
  await writeFile(stillness, '');
  const env = { ...allocation, ...process.env, NODE_OPTIONS: `--import ${probe}`, SOAK_LOOP_PROBE: stillness };
  const launched = performance.timeOrigin + performance.now();
  const daemon = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], env });
  const exited = once(daemon, 'exit');
  let log = '';
  daemon.stdout.setEncoding('utf8').on('data', (text) => {
    log = (log + text).slice(-20_000);
  });
  let port;
  while (port === undefined) {
    if (daemon.exitCode !== null) throw new Error(`the daemon ended with ${daemon.exitCode}:\n${log}`);
    port = /"port":(\d+)/.exec(log)?.[1];
    await sleep(20);
  }
  return {
    pid: daemon.pid,
    /** Milliseconds since the epoch. */
    launched,
    log: () => log,
    metrics: async () => parse(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()),
    /** When its event loop stood still, for how long, and how long of that it waited for a processor: milliseconds. */
    stillness: async () => {
      const lines = (await readFile(stillness, 'utf8')).trim().split('\n').filter(Boolean);
      return lines.map((line) => {
        const [time, still, waited] = line.split(' ').map(Number);
        return { time, still, waited };
      });
    },
    stop: async () => {
      daemon.kill('SIGTERM');
      return (await exited)[0];
    },
  };
}

/** Bytes of a process that are in memory now. */
export async function residentMemory(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1]);
}

/** The inference process that a daemon started. */
export async function inferenceProcess(daemon) {
  const children = (await readFile(`/proc/${daemon}/task/${daemon}/children`, 'utf8')).trim().split(' ');
  for (const pid of children) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('inference-main')) return Number(pid);
  }
  throw new Error('the daemon has no inference process');
}

/** Prometheus's text: name with labels -> value. */
function parse(text) {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
