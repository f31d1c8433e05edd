// dockerode through whatever the environment names: each line is one thing that it does, and what came of it.
// dockerode.js CONTAINER IMAGE

const Docker = require('dockerode');
const { PassThrough, Readable } = require('stream');
const { execFileSync } = require('child_process');

const [container, image] = process.argv.slice(2);
const docker = new Docker();

function collect(stream) {
  const chunks = [];
  stream.on('data', (chunk) => chunks.push(chunk));
  return new Promise((resolve, reject) => {
    stream.on('end', () => resolve(Buffer.concat(chunks)));
    stream.on('close', () => resolve(Buffer.concat(chunks)));
    stream.on('error', reject);
  });
}

// Docker's multiplexed stream, taken apart.
function apart(data) {
  const text = { 1: '', 2: '' };
  while (data.length >= 8) {
    const size = data.readUInt32BE(4);
    text[data[0]] += data.subarray(8, 8 + size).toString();
    data = data.subarray(8 + size);
  }
  return JSON.stringify(text);
}

async function create(command, more) {
  const wish = { Image: image, Cmd: command, HostConfig: { NetworkMode: 'none' } };
  return docker.createContainer({ ...wish, ...more });
}

const things = {
  async ping() {
    return (await docker.ping()).toString();
  },

  async run() {
    const out = new PassThrough();
    const collected = collect(out);
    const [result, one] = await docker.run(image, ['sh', '-c', 'echo out; exit 4'], out, { HostConfig: { NetworkMode: 'none' } });
    out.end();
    await one.remove();
    return result.StatusCode + ' ' + (await collected).toString().trim();
  },

  async attach() {
    const one = await create(['cat'], { OpenStdin: true, StdinOnce: true });
    const stream = await one.attach({ stream: true, stdin: true, stdout: true, hijack: true });
    const collected = collect(stream);
    await one.start();
    stream.write('typed\n');
    stream.end();
    const text = apart(await collected);
    await one.remove({ force: true });
    return text;
  },

  async exec() {
    const exec = await docker.getContainer(container).exec({
      Cmd: ['sh', '-c', 'cat; echo wrong >&2; exit 6'],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    const collected = collect(stream);
    stream.end('typed\n');
    const text = apart(await collected);
    return text + ' ' + (await exec.inspect()).ExitCode;
  },

  async logs() {
    const one = await create(['sh', '-c', 'for i in 1 2 3; do echo $i; sleep 0.3; done']);
    await one.start();
    const text = apart(await collect(await one.logs({ follow: true, stdout: true, stderr: true })));
    await one.remove({ force: true });
    return text;
  },

  async events() {
    const stream = await docker.getEvents({ filters: { type: ['container'], event: ['destroy'], label: ['of=' + container] } });
    const first = new Promise((resolve) => stream.once('data', resolve));
    const one = await create(['true'], { Labels: { of: container } });
    await one.remove();
    const event = JSON.parse((await first).toString());
    stream.destroy();
    return event.Action;
  },

  async stats() {
    const stream = await docker.getContainer(container).stats({ stream: true });
    const first = await new Promise((resolve) => stream.once('data', resolve));
    stream.destroy();
    return typeof JSON.parse(first.toString().split('\n')[0]).read;
  },

  async wait() {
    const one = await create(['sh', '-c', 'sleep 0.5; exit 9']);
    await one.start();
    const result = await one.wait();
    await one.remove();
    return result.StatusCode;
  },

  async archives() {
    const tar = execFileSync('tar', ['-c', '-C', __dirname, 'raw.py']);
    const one = docker.getContainer(container);
    await one.putArchive(Readable.from([tar]), { path: '/tmp' });
    const back = await collect(await one.getArchive({ path: '/tmp/raw.py' }));
    return back.subarray(512, 512 + 20000).equals(tar.subarray(512, 512 + 20000).subarray(0, back.length - 512)) || back.length;
  },

  async build() {
    const context = execFileSync('sh', ['-c', `d=$(mktemp -d); printf 'FROM ${image}\\nRUN echo made >/m\\n' >$d/Dockerfile; tar -c -C $d .; rm -r $d`]);
    const stream = await docker.buildImage(Readable.from([context]), { t: container + ':js', networkmode: 'none', nocache: true });
    const steps = await new Promise((resolve, reject) => docker.modem.followProgress(stream, (error, all) => (error ? reject(error) : resolve(all))));
    await docker.getImage(container + ':js').remove({ force: true });
    return steps.some((step) => (step.stream || '').startsWith('Successfully tagged'));
  },

  async refusals() {
    const codes = [];
    for (const ask of [() => docker.getContainer('nothing').inspect(), () => docker.createContainer({ Image: 'nothing' }), () => docker.getNetwork('nothing').inspect()]) {
      await ask().catch((error) => codes.push(error.statusCode + ' ' + error.json.message.length));
    }
    return codes.join(', ');
  },
};

(async () => {
  for (const [name, thing] of Object.entries(things)) {
    const late = new Promise((_, reject) => setTimeout(() => reject(new Error('hangs')), 20000).unref());
    try {
      console.log(name + ': ' + (await Promise.race([thing(), late])));
    } catch (error) {
      console.log(name + ': failed: ' + error.message);
    }
  }
  process.exit(0);
})();
