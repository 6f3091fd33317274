import { Body, Controller, Get, Headers, Inject, Param, Post, Query, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Principal } from '#platform/auth/tokens.js';
import { protocolNames, type ProcessConfig, type ProtocolName } from '#platform/config/process-config.js';
import { errorCodes, isErrorCode } from '#platform/errors/codes.js';
import { Problem } from '#platform/errors/problem.js';
import { paging } from '#platform/http/paging.js';
import { CurrentUser } from '#platform/http/principal.js';
import { UserGuard } from '#platform/http/user-guard.js';
import { Admission } from '#platform/overload/admission.js';
import { PROCESS_CONFIG } from '#platform/process/tokens.js';
import type { Order, Orders } from '../domain/orders.js';
import { PlaceOrder } from '../domain/place-order.js';
import { idempotencyKeySchema, newOrderSchema, orderIdSchema, type orderSchema } from './schemas.js';

export const ORDERS = Symbol('ORDERS');

const pageQuerySchema = z.strictObject(paging);
type OrderView = z.infer<typeof orderSchema>;

@Controller('api/orders')
@UseGuards(UserGuard)
export class OrdersController {
  constructor(
    @Inject(PlaceOrder) private readonly placeOrder: PlaceOrder,
    @Inject(ORDERS) private readonly orders: Orders,
    @Inject(PROCESS_CONFIG) private readonly config: ProcessConfig,
    @Inject(Admission) private readonly admission: Admission,
  ) {}

  /** The three states: 201 confirmed, 409 or 422 rejected, 202 not known yet. */
  @Post()
  async place(
    @Body({ schema: newOrderSchema }) body: z.infer<typeof newOrderSchema>,
    @Headers('idempotency-key') key: string | undefined,
    @CurrentUser() user: Principal,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const deadlineAtMs = Date.now() + this.config.order.deadlineMs;
    const request = {
      accountId: user.accountId,
      idempotencyKey: parseKey(key),
      protocol: parseProtocol(body.protocol, this.config.order.protocol),
      items: body.items,
    };
    const placed = await this.admission.order(() => this.placeOrder.place(request, deadlineAtMs));
    if (placed.result === 'key-reused') throw new Problem('idempotency-key-reused');
    if (placed.result === 'overloaded')
      throw new Problem('too-many-orders', undefined, { retryAfterMs: placed.retryAfterMs });
    void reply.header('Location', `/api/orders/${placed.order.id}`);
    return answer(placed.order, reply);
  }

  @Get()
  async list(
    @Query({ schema: pageQuerySchema }) { page, pageSize }: z.infer<typeof pageQuerySchema>,
    @CurrentUser() user: Principal,
  ): Promise<object> {
    const { items, total } = await this.orders.ofAccount(user.accountId, page, pageSize);
    return { items: items.map(toView), page, pageSize, total };
  }

  @Get(':id')
  async show(
    @Param('id', { schema: orderIdSchema }) id: string,
    @CurrentUser() user: Principal,
  ): Promise<OrderView> {
    const order = await this.orders.byId(id);
    if (order === undefined) throw new Problem('not-found', 'There is no such order');
    if (order.accountId !== user.accountId) throw new Problem('forbidden', 'This is another user’s order');
    return toView(order);
  }
}

function answer(order: Order, reply: FastifyReply): object {
  switch (order.status) {
    case 'CONFIRMED':
      void reply.status(201);
      return toView(order);
    case 'PENDING':
      void reply.status(202).header('Retry-After', '1');
      return toView(order);
    case 'REJECTED': {
      const { code = 'cancelled' } = order;
      const problem = new Problem(isErrorCode(code) ? code : 'cancelled');
      void reply
        .status(errorCodes[problem.code].http)
        .header('Content-Type', 'application/problem+json; charset=utf-8');
      return { ...problem.toDetails(), order: toView(order) };
    }
  }
}

function toView({ id, status, protocol, items, totalMinor, code, createdAt }: Order): OrderView {
  return {
    id,
    status,
    protocol,
    items: [...items],
    totalMinor,
    ...(code === undefined ? {} : { code }),
    createdAt,
  };
}

function parseKey(key: string | undefined): string {
  if (key === undefined || key === '') {
    throw new Problem('idempotency-key-missing', undefined, {
      errors: [{ field: 'Idempotency-Key', message: 'send a value of your own, new for each order' }],
    });
  }
  const parsed = idempotencyKeySchema.safeParse(key);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ message }) => ({ field: 'Idempotency-Key', message }));
  throw new Problem('idempotency-key-invalid', undefined, { errors });
}

function parseProtocol(asked: string | undefined, fallback: ProtocolName): ProtocolName {
  if (asked === undefined) return fallback;
  const protocol = protocolNames.find((name) => name === asked);
  if (protocol !== undefined) return protocol;
  const message = `must be one of ${protocolNames.join(', ')}`;
  throw new Problem('unknown-protocol', `protocol: ${message}`, { errors: [{ field: 'protocol', message }] });
}
