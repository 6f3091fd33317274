import { clientAddress } from '../load-plan.js';
import { LoadConnection, type ConnectionEnd } from './load-connection.js';
import type { ResponseHead } from './response-reader.js';
import type { LossKind, TimedRequest } from './timed-request.js';
import { WaitingLine } from './waiting-line.js';

export interface PoolPlan {
  readonly host: string;
  readonly port: number;
  /** What a client may open at most. */
  readonly limits: readonly number[];
  readonly timeoutMs: number;
}

export interface PoolEvents {
  onSent(request: TimedRequest): void;
  onRetry(request: TimedRequest): void;
  /** The connection is free again, and may be at work for the next request already. */
  onAnswer(request: TimedRequest, head: ResponseHead, doneMs: number): void;
  onLoss(request: TimedRequest, kind: LossKind): void;
}

/**
 * A client opens so many at once. After a pause of the load tester hundreds of requests are due in one moment; a connection for each would cost
 * the server more than the requests do, and they are sooner sent on those that become free.
 */
const mostOpening = 8;

interface Client {
  readonly line: WaitingLine<TimedRequest>;
  /** The one that was used last is used next: those that are not needed grow old and are closed by the server. */
  readonly idle: LoadConnection[];
  readonly limit: number;
  open: number;
  opening: number;
}

/**
 * The keep-alive connections of all clients. A request takes an idle connection of its client; without one, another is opened
 * up to the client's limit; beyond that it waits. A client never takes another's place: under overload that would open and
 * close connections all the time, at the cost of the server that is measured.
 */
export class ConnectionPool {
  private readonly clients: readonly Client[];
  private readonly connections = new Set<LoadConnection>();
  /** What a new connection has to carry first: requests that are tried again. */
  private readonly firsts = new Map<LoadConnection, TimedRequest>();
  private waiting = 0;
  private closing = false;

  constructor(
    private readonly plan: PoolPlan,
    private readonly render: (request: TimedRequest) => string,
    private readonly events: PoolEvents,
    private readonly now: () => number,
  ) {
    this.clients = plan.limits.map((limit) => ({
      line: new WaitingLine<TimedRequest>(),
      idle: [],
      limit,
      open: 0,
      opening: 0,
    }));
  }

  /** Requests that no answer has come to yet, waiting ones included. */
  get underWay(): number {
    let count = this.waiting + this.firsts.size;
    for (const { request } of this.connections) if (request !== undefined) count += 1;
    return count;
  }

  submit(request: TimedRequest): void {
    const client = this.of(request.client);
    const idle = client.idle.pop();
    if (idle !== undefined) {
      this.send(idle, request);
      return;
    }
    client.line.push(request);
    this.waiting += 1;
    this.openWhatIsNeeded(request.client, client);
  }

  /** Gives up what has taken too long; to be called every now and then. */
  sweep(): void {
    const oldest = this.now() - this.plan.timeoutMs;
    for (const connection of this.connections)
      if (connection.request !== undefined && connection.request.dueMs < oldest) connection.close('timeout');
    for (const { line } of this.clients)
      while (line.first !== undefined && line.first.dueMs < oldest) {
        const request = line.shift();
        this.waiting -= 1;
        if (request !== undefined) this.events.onLoss(request, 'not-sent');
      }
  }

  close(): void {
    this.closing = true;
    for (const connection of this.connections) connection.close();
  }

  private of(client: number): Client {
    const found = this.clients[client];
    if (found === undefined) throw new Error(`there is no client ${client}`);
    return found;
  }

  private openWhatIsNeeded(number: number, client: Client): void {
    while (client.line.length > client.opening && client.opening < mostOpening && client.open < client.limit)
      this.open(number, client);
  }

  private open(number: number, client: Client): LoadConnection {
    const { host, port } = this.plan;
    const localAddress = this.clients.length > 1 ? { localAddress: clientAddress(number) } : {};
    client.opening += 1;
    client.open += 1;
    const connection: LoadConnection = new LoadConnection({ host, port, ...localAddress }, number, {
      onOpen: () => {
        client.opening -= 1;
        this.free(connection);
        if (!this.closing) this.openWhatIsNeeded(number, client);
      },
      onAnswer: (_, request, head) => {
        const doneMs = this.now();
        if (!head.closes) this.free(connection);
        this.events.onAnswer(request, head, doneMs);
      },
      onEnd: (_, end) => this.onEnd(connection, end),
    });
    this.connections.add(connection);
    return connection;
  }

  private free(connection: LoadConnection): void {
    if (this.closing) {
      connection.close();
      return;
    }
    const client = this.of(connection.client);
    const first = this.firsts.get(connection);
    this.firsts.delete(connection);
    const next = first ?? client.line.shift();
    if (next === undefined) {
      client.idle.push(connection);
      return;
    }
    if (first === undefined) this.waiting -= 1;
    this.send(connection, next);
  }

  private send(connection: LoadConnection, request: TimedRequest): void {
    request.sentMs = this.now();
    connection.send(request, this.render(request));
    this.events.onSent(request);
  }

  private onEnd(connection: LoadConnection, { request, kind, isStale }: ConnectionEnd): void {
    this.connections.delete(connection);
    const number = connection.client;
    const client = this.of(number);
    client.open -= 1;
    if (kind === 'connect') client.opening -= 1;
    const idleAt = client.idle.indexOf(connection);
    if (idleAt !== -1) client.idle.splice(idleAt, 1);
    const first = this.firsts.get(connection);
    this.firsts.delete(connection);
    if (this.closing) return;
    if (request !== undefined && isStale && !request.isRetry) this.retry(client, request);
    else if (request !== undefined) this.events.onLoss(request, kind);
    else if (first !== undefined) this.events.onLoss(first, kind);
    else if (kind === 'connect') this.loseFirstWaiting(client);
    this.openWhatIsNeeded(number, client);
  }

  /**
   * RFC 9112, section 9.3.1: a server may close an idle connection while the next request is on its way. All that is sent may be
   * repeated: GET changes nothing, and an order has its idempotency key. Once, and on a connection that was not idle.
   */
  private retry(client: Client, request: TimedRequest): void {
    request.isRetry = true;
    this.events.onRetry(request);
    this.firsts.set(this.open(request.client, client), request);
  }

  /** A connection is opened because a request waits; where none can be opened, it waits in vain. */
  private loseFirstWaiting(client: Client): void {
    const request = client.line.shift();
    if (request === undefined) return;
    this.waiting -= 1;
    this.events.onLoss(request, 'connect');
  }
}
