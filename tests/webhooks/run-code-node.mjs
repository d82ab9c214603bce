// Runs a text as n8n's code node does: node run-code-node.mjs FILE, with {headers, body} lines on stdin; prints what
// comes out of each, or the error, a line each. The package is found beside where it is started.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const text = readFileSync(process.argv[2], 'utf8');
const require = createRequire(`${process.cwd()}/code-node.js`);
const AsyncFunction = (async () => {}).constructor;
const node = new AsyncFunction('$input', '$env', '$getWorkflowStaticData', 'require', text);
const kept = {};
for (const line of readFileSync(0, 'utf8').split('\n').filter(Boolean)) {
  const { headers, body } = JSON.parse(line);
  const helpers = { getBinaryDataBuffer: async () => Buffer.from(body) };
  const input = { first: () => ({ json: { headers } }) };
  try {
    console.log(JSON.stringify(await node.call({ helpers }, input, process.env, () => kept, require)));
  } catch (error) {
    console.log(JSON.stringify(`${error.message}`));
  }
}
