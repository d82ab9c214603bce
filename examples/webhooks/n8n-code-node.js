// Verifies a webhook of Kollegium in n8n: a node "Webhook" (POST, option "Raw Body" on), behind it a node "Code"
// ("Run Once for All Items") with this text. n8n has to be started with
//   NODE_FUNCTION_ALLOW_EXTERNAL=standardwebhooks   (and the npm package standardwebhooks installed)
//   KOLLEGIUM_WEBHOOK_SECRET=whsec_…                (shown once, when the webhook is added)
// What comes out is the event; nothing, when it came before. A wrong signature ends the workflow with an error, and
// Kollegium tries again: let the node "Webhook" answer "When Last Node Finishes".
const { Webhook } = require('standardwebhooks');

const { headers } = $input.first().json;
const body = (await this.helpers.getBinaryDataBuffer(0, 'data')).toString('utf8');
const event = new Webhook($env.KOLLEGIUM_WEBHOOK_SECRET).verify(body, headers);

const id = headers['webhook-id'];
const known = $getWorkflowStaticData('global');
known.ids = known.ids ?? [];
if (known.ids.includes(id)) return [];
known.ids = [...known.ids.slice(-999), id];
return [{ json: { id, ...event } }];
