import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admission } from '../overload/admission.js';
import type { Metrics } from '../metrics/metrics.js';
import { sendProblem } from './problem-filter.js';

/** Where reading can be answered with something old; their handlers refuse when there is nothing. */
const degradable = '/api/products/:sku';

/** Turns away what is too much, before its body is read. */
export function admitRequests(fastify: FastifyInstance, admission: Admission, metrics: Metrics): void {
  const refuse = (kind: 'order' | 'read', reply: FastifyReply): void => {
    const problem = admission.refusal(kind);
    metrics.problems.inc({ code: problem.code });
    sendProblem(reply, problem);
  };
  fastify.addHook('onRequest', (request, reply, next) => {
    const kind = kindOf(request);
    // An order is counted by its handler, which may outlive its connection.
    if (kind === 'order' && admission.orders.isFull) return refuse(kind, reply);
    if (kind !== 'read') return next();
    if (admission.reads.isFull && request.routeOptions.url !== degradable) return refuse(kind, reply);
    reply.raw.once('close', admission.enterRead());
    next();
  });
}

function kindOf({ method, routeOptions }: FastifyRequest): 'order' | 'read' | undefined {
  const { url = '' } = routeOptions;
  if (method === 'POST' && url === '/api/orders') return 'order';
  return method === 'GET' && url.startsWith('/api/') ? 'read' : undefined;
}
