import {
  BranchReply_Result as Result,
  Phase,
  type BranchReply,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import { hasSqlState, sqlState, type Database } from '../postgres/database.js';
import { Semaphore } from '../process/semaphore.js';
import type { ActionName, BranchAction, BranchHandler, BranchKey } from './branch-handler.js';

/** Connections that are kept free for decisions: those release the locks that the others wait for. */
const connectionsForDecisions = 2;

const done = { result: Result.DONE, code: '' };

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

type Answer = Pick<BranchReply, 'result' | 'code'>;

/**
 * A service's side of every commit protocol: turns a message into transactions on the service's own database.
 * When something goes wrong it stays silent, and the coordinator asks again: a participant that cannot know its
 * answer must not give one.
 */
export class Participant {
  private readonly handlers = new Map<ActionName, BranchHandler>();
  /** Messages under way; a repetition of one is dropped, since the first will be answered. */
  private readonly running = new Set<string>();
  private readonly work: Semaphore;

  constructor(
    private readonly database: Database,
    private readonly metrics: Metrics,
    private readonly logger: Logger,
  ) {
    this.work = new Semaphore(Math.max(1, database.poolSize - connectionsForDecisions));
  }

  register<Name extends ActionName>(
    name: Name,
    handler: BranchHandler<Extract<BranchAction, { $case: Name }>>,
  ): void {
    this.handlers.set(name, handler);
  }

  handler(action: BranchAction): BranchHandler {
    const handler = this.handlers.get(action.$case);
    if (handler === undefined) throw new Error(`This participant has no branch ${action.$case}`);
    return handler;
  }

  /** Handles one message; undefined when there is no answer to give. */
  async handle(request: BranchRequest): Promise<BranchReply | undefined> {
    const { gid, branch, phase } = request;
    const action = request.action?.action;
    if (action === undefined || !uuid.test(gid)) {
      this.logger.error({ gid, branch }, 'a message without a valid transaction or action was dropped');
      return undefined;
    }
    const message = `${gid}/${branch}/${phase}`;
    if (this.running.has(message)) return undefined;
    this.running.add(message);
    const elapsed = startTimer();
    let result = 'none';
    try {
      const answer = await this.answer(request, action, this.handler(action));
      result = answer.result === Result.DONE ? 'done' : answer.code;
      return { gid, branch, phase, ...answer };
    } catch (error) {
      this.logger.warn(
        { err: error, gid, branch, phase: Phase[phase] },
        'a protocol message was not answered',
      );
      return undefined;
    } finally {
      this.running.delete(message);
      this.metrics.branches.observe({ action: action.$case, phase: Phase[phase], result }, elapsed());
    }
  }

  private async answer(
    request: BranchRequest,
    action: BranchAction,
    handler: BranchHandler,
  ): Promise<Answer> {
    const key = { gid: request.gid, branch: request.branch };
    switch (request.phase) {
      case Phase.APPLY: {
        const applied = await this.work.use(() => handler.apply(this.database, key, action));
        if (applied.result === 'refused') return { result: Result.REFUSED, code: applied.code };
        handler.changed?.(action);
        return done;
      }
      case Phase.CANCEL:
        await this.work.use(() => handler.cancel(this.database, key, action, request.code));
        handler.changed?.(action);
        return done;
      case Phase.PREPARE:
        return this.work.use(() => this.prepare(key, action, handler, request.attempt));
      case Phase.COMMIT:
        await this.commit(key, handler);
        handler.changed?.(action);
        return done;
      case Phase.ABORT:
        // First what releases locks; what may wait for locks takes its turn with the others.
        await this.endPrepared('ROLLBACK PREPARED', key);
        await this.work.use(() => handler.cancel(this.database, key, action, request.code));
        return done;
      case Phase.UNSPECIFIED:
        throw new Error('The message has no phase');
    }
  }

  /** Votes: yes is durable before it is said. */
  private async prepare(
    key: BranchKey,
    action: BranchAction,
    handler: BranchHandler,
    attempt: number,
  ): Promise<Answer> {
    // A first attempt that was prepared holds its own fence row locked: running it again would wait for itself.
    if (attempt > 1 && (await this.isPrepared(key))) return done;
    return this.database.session(async (session) => {
      const [, applied] = await Promise.all([session.command('BEGIN'), handler.apply(session, key, action)]);
      if (applied.result === 'refused' || !applied.fresh) {
        await session.command('COMMIT');
        return applied.result === 'refused' ? { result: Result.REFUSED, code: applied.code } : done;
      }
      const tag = await session.command(`PREPARE TRANSACTION '${preparedName(key)}'`);
      // In a transaction that has failed, PREPARE TRANSACTION rolls back and reports no error but this tag.
      if (tag !== 'PREPARE') throw new Error(`PREPARE TRANSACTION answered ${tag}`);
      return done;
    });
  }

  private async commit(key: BranchKey, handler: BranchHandler): Promise<void> {
    if (await this.endPrepared('COMMIT PREPARED', key)) return;
    // It is not prepared. It was committed before, if the fence, which was part of it, is there.
    const fence = await handler.find(this.database, key);
    if (fence?.state === 'applied') return;
    throw new Error(`Commit of a branch that was never prepared: ${preparedName(key)}`);
  }

  /** False when no prepared transaction of that name exists. */
  private async endPrepared(
    command: 'COMMIT PREPARED' | 'ROLLBACK PREPARED',
    key: BranchKey,
  ): Promise<boolean> {
    try {
      await this.database.command(
        command.toLowerCase().replace(' ', '-'),
        `${command} '${preparedName(key)}'`,
      );
      return true;
    } catch (error) {
      if (hasSqlState(error, sqlState.undefinedObject)) return false;
      throw error;
    }
  }

  private async isPrepared(key: BranchKey): Promise<boolean> {
    const rows = await this.database.run(
      {
        name: 'find-prepared',
        text: 'SELECT 1 FROM pg_prepared_xacts WHERE gid = $1 AND database = current_database()',
      },
      [preparedName(key)],
    );
    return rows.length > 0;
  }
}

/** Names of prepared transactions are shared by all databases of a server, hence the branch. */
function preparedName({ gid, branch }: BranchKey): string {
  return `${gid}/${branch}`;
}
