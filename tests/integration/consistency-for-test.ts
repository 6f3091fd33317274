import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Inject, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import {
  InventoryClient,
  InventoryService,
  type QuoteReply,
  type QuoteRequest,
} from '#generated/tristate/inventory/v1/inventory.js';
import { findFreePorts } from '#cli/launcher/ports.js';
import { hashOfKey } from '#platform/auth/callers.js';
import { Reads } from '#platform/consistency/reads.js';
import type { DatabaseConfig, ProcessConfig } from '#platform/config/process-config.js';
import { GrpcClients } from '#platform/grpc/grpc-client.js';
import { unary } from '#platform/grpc/unary-handler.js';
import { createHttpApp } from '#platform/http/http-app.js';
import { Database, type Statement } from '#platform/postgres/database.js';
import { createPlatform, platformModule, type Platform } from '#platform/process/platform.js';

const key = 'k'.repeat(64);
const answerDeadlineMs = 30_000;

const read: Statement<{ value: number }> = { name: 'number-read', text: 'SELECT value FROM numbers' };
const write: Statement<never> = { name: 'number-write', text: 'UPDATE numbers SET value = $1' };

@Controller('api')
class NumberController {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Reads) private readonly reads: Reads,
    @Inject(GrpcClients) private readonly clients: GrpcClients,
    @Inject('INVENTORY') private readonly inventory: () => InventoryClient,
  ) {}

  @Get('shared')
  async shared(): Promise<object> {
    return { value: (await this.reads.run(read, []))[0]?.value };
  }

  @Get('own')
  async own(): Promise<object> {
    return { value: (await this.reads.own.run(read, []))[0]?.value };
  }

  /** Asks another service, which reads for this request. */
  @Get('remote')
  async remote(): Promise<object> {
    const client = this.inventory();
    const result = await this.clients.call(
      'Quote',
      client.quote.bind(client),
      { skus: [] },
      Date.now() + 20_000,
    );
    return { value: result.outcome === 'success' ? result.reply.prices[0]?.priceMinor : result.outcome };
  }

  @Post('number')
  async write(@Body() { value }: { value: number }): Promise<object> {
    await this.database.run(write, [value]);
    return { value };
  }
}

export interface NumberAnswer {
  readonly status: number;
  readonly value: unknown;
  readonly code: unknown;
  readonly from: string | undefined;
  readonly lagMs: number | undefined;
  readonly session: string | undefined;
}

/** A service of one number, with all that a process of the shop has between a request and the database. */
export class NumberService {
  private client: InventoryClient | undefined;

  private constructor(
    readonly platform: Platform,
    private readonly app: NestFastifyApplication,
    private readonly url: string,
  ) {}

  static async start(database: DatabaseConfig): Promise<NumberService> {
    const [grpcPort = 0] = await findFreePorts(1);
    const platform = createPlatform(configOf(database, grpcPort));
    await platform.database?.start();
    let service: NumberService | undefined = undefined;
    const inventory = (): InventoryClient => (service as unknown as NumberService).inventory(grpcPort);
    @Module({ controllers: [NumberController], providers: [{ provide: 'INVENTORY', useValue: inventory }] })
    class NumberModule {}
    const root = { module: class {}, imports: [platformModule(platform), NumberModule] };
    const app = await createHttpApp(root, platform);
    await app.init();
    platform.grpcServer?.add(InventoryService, {
      quote: unary<QuoteRequest, QuoteReply>(async () => {
        const [row] = (await platform.reads?.run(read, [])) ?? [];
        return { prices: [{ sku: 'NUMBER', priceMinor: row?.value ?? -1 }] };
      }),
    });
    await platform.grpcServer?.listen({ host: '127.0.0.1', port: grpcPort });
    await app.listen(0, '127.0.0.1');
    service = new NumberService(platform, app, await app.getUrl());
    return service;
  }

  async createTable(): Promise<void> {
    const statements = ['CREATE TABLE numbers (value int NOT NULL)', 'INSERT INTO numbers VALUES (0)'];
    for (const text of statements) await this.platform.database?.command('test', text);
  }

  async get(
    path: 'shared' | 'own' | 'remote',
    headers: {
      readonly consistency?: string;
      readonly session?: string | undefined;
      readonly account?: string;
    } = {},
  ): Promise<NumberAnswer> {
    return this.call('GET', path, headers);
  }

  post(
    value: number,
    headers: { readonly session?: string | undefined; readonly account?: string } = {},
  ): Promise<NumberAnswer> {
    return this.call('POST', 'number', headers, { value });
  }

  async stop(): Promise<void> {
    this.client?.close();
    await this.platform.grpcServer?.close();
    await this.app.close();
    await this.platform.database?.close();
  }

  private inventory(port: number): InventoryClient {
    this.client ??= this.platform.grpcClients.connect(InventoryClient, [`127.0.0.1:${port}`]);
    return this.client;
  }

  private async call(
    method: 'GET' | 'POST',
    path: string,
    {
      consistency,
      session,
      account,
    }: { readonly consistency?: string; readonly session?: string | undefined; readonly account?: string },
    payload?: object,
  ): Promise<NumberAnswer> {
    const bearer = account === undefined ? undefined : this.bearerOf(account);
    const answer = await fetch(`${this.url}/api/${path}`, {
      method,
      headers: {
        ...(consistency === undefined ? {} : { 'x-consistency': consistency }),
        ...(session === undefined ? {} : { 'x-session': session }),
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(payload === undefined ? {} : { body: JSON.stringify(payload) }),
      signal: AbortSignal.timeout(answerDeadlineMs),
    });
    const body = (await answer.json()) as { value?: unknown; code?: unknown };
    const header = (name: string): string | undefined => answer.headers.get(name) ?? undefined;
    const lagMs = header('x-replica-lag-ms');
    return {
      status: answer.status,
      value: body.value,
      code: body.code,
      from: header('x-read-from'),
      lagMs: lagMs === undefined ? undefined : Number(lagMs),
      session: header('x-session'),
    };
  }

  private bearerOf(account: string): string {
    return this.platform.userTokens.issue({ accountId: account, owner: 'alice' });
  }
}

export const newAccountId = (): string => randomUUID();

function configOf(database: DatabaseConfig, grpcPort: number): ProcessConfig {
  return {
    service: 'inventory',
    name: 'inventory-1',
    stage: 10,
    http: { host: '127.0.0.1', port: 0 },
    transport: 'grpc',
    grpc: { host: '127.0.0.1', port: grpcPort },
    database,
    consistency: { level: 'read-your-writes', readYourWrites: 'token', windowMs: 60_000, waitMs: 100 },
    overload: { enabled: false, ordersUnderWay: 64, readsUnderWay: 512 },
    balancing: { frontDoor: 'round-robin', grpc: 'round-robin', adaptive: false },
    advertisedHost: '127.0.0.1',
    heartbeat: { intervalMs: 200, detector: 'phi-accrual', keepShare: 0.5, slowStartMs: 3_000 },
    version: 'test',
    supervision: undefined,
    contexts: undefined,
    redisUrl: undefined,
    peers: new Map(),
    order: { protocol: 'saga', deadlineMs: 2_000, maxUnderWay: 64 },
    topology: undefined,
    // The service calls itself as order would call it.
    secrets: { tokenKey: key, serviceKey: key, callers: { order: hashOfKey(key) }, adminToken: key },
    logLevel: 'silent',
  };
}
