import {
  BranchReply_Result as Result,
  type BranchReply,
  type BranchRequest,
} from '#generated/tristate/participant/v1/participant.js';
import type { ParticipantName } from '#protocols/commit/failpoints.js';
import type { Failpoints, Hit } from '../faults/failpoints.js';
import { messageCopies } from '../faults/message-copies.js';
import type { Logger } from '../logging/logger.js';
import { startTimer, type Metrics } from '../metrics/metrics.js';
import type { Database } from '../postgres/database.js';
import { untilReachable } from '../postgres/wait-for-start.js';
import type { Trace } from '../trace/trace.js';
import { invalid, type Answer, type InvalidCode } from './answer.js';
import type { ActionName, BranchAction, BranchHandler } from './branch-handler.js';
import { Branches, type Task } from './branches.js';
import { LookOut, type Tell } from './look-out.js';
import { Terms } from './terms.js';
import { validMessage, type ParticipantPhase } from './valid-message.js';

export interface ParticipantOptions {
  /** Whose failpoints it stands at; undefined in a process that gets no messages. */
  readonly service: ParticipantName | undefined;
  readonly database: Database;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly failpoints: Failpoints;
  readonly trace: Trace;
}

type Moment = 'after-receive' | 'before-log' | 'after-log' | 'before-reply';

const noReplies: readonly BranchReply[] = [];
const wireResult = { done: Result.DONE, refused: Result.REFUSED, invalid: Result.INVALID } as const;

/** What others can see once it is done. */
const visible = new Set(['applied', 'tried', 'confirmed', 'cancelled', 'committed', 'redone']);

/**
 * A service's side of every commit protocol: takes a message, has it carried out, and answers. When something goes
 * wrong it stays silent, and the coordinator asks again: a participant that cannot know its answer must not give one.
 */
export class Participant {
  private readonly branches: Branches;
  private readonly handlers = new Map<ActionName, BranchHandler>();
  /** Messages under way; a repetition of one is dropped, since the first will be answered. */
  private readonly running = new Set<string>();
  private terms: Terms | undefined;
  private lookOut: LookOut | undefined;

  constructor(private readonly options: ParticipantOptions) {
    this.branches = new Branches(options.database);
  }

  register<Name extends ActionName>(
    name: Name,
    handler: BranchHandler<Extract<BranchAction, { $case: Name }>>,
  ): void {
    this.handlers.set(name, handler);
    // All handlers of a process are of one service, or of one database.
    this.terms ??= new Terms(this.options.database, handler.schema);
  }

  /** Before the first message: learns the term, and begins to look for branches that nobody decides. */
  async start(tell: Tell): Promise<void> {
    const handler = this.handlerOf(undefined);
    const { terms, lookOut } = this;
    if (handler === undefined || terms === undefined || lookOut !== undefined)
      throw new Error('A participant has one kind of branch, and is started once');
    await untilReachable(() => terms.remember(), this.options.logger);
    const { database, trace, logger } = this.options;
    const { threePhase } = this.branches;
    this.lookOut = new LookOut({ database, handler, threePhase, terms, tell, trace, logger });
    this.lookOut.start();
  }

  async stop(): Promise<void> {
    await this.lookOut?.stop();
  }

  has(action: BranchAction): boolean {
    return this.handlers.has(action.$case);
  }

  handler(action: BranchAction): BranchHandler {
    const handler = this.handlers.get(action.$case);
    if (handler === undefined) throw new Error(`This participant has no branch ${action.$case}`);
    return handler;
  }

  /** Handles one message. No replies: there is no answer to give. Several: a fault repeats them. */
  async handle(request: BranchRequest): Promise<readonly BranchReply[]> {
    const message = validMessage(request);
    const handler = message === undefined ? undefined : this.handlerOf(message.action);
    if (message === undefined || handler === undefined)
      return [this.turnAway(request, `phase ${request.phase}`, 'invalid-message')];
    const { gid, branch, attempt, code, correlationId, sender, sentAtUs } = request;
    const { phase } = message;
    this.options.trace.received(gid, correlationId, { message: phase, branch, from: sender, sentAtUs });
    const task = { key: { gid, branch }, ...message, handler, attempt, code };
    const hit = this.hit(phase, 'after-receive', request);
    if (hit === undefined) return this.handleOnce(request, task);
    const replies: BranchReply[] = [];
    for (let copies = await messageCopies(hit); copies > 0; copies -= 1)
      replies.push(...(await this.handleOnce(request, task)));
    return replies;
  }

  private async handleOnce(request: BranchRequest, task: Task): Promise<readonly BranchReply[]> {
    const { gid, branch } = request;
    const { phase, action } = task;
    const message = `${gid}/${branch}/${phase}`;
    if (this.running.has(message)) return noReplies;
    this.running.add(message);
    const elapsed = startTimer();
    let result = 'none';
    try {
      const answer = await this.perform(request, task);
      result = answer.type === 'done' ? 'done' : answer.code;
      const hit = this.hit(phase, 'before-reply', request);
      if (hit === undefined) return [this.reply(request, phase, answer)];
      const copies = await messageCopies(hit);
      return Array.from({ length: copies }, () => this.reply(request, phase, answer));
    } catch (error) {
      this.options.logger.warn({ err: error, gid, branch, phase }, 'a protocol message was not answered');
      return noReplies;
    } finally {
      this.running.delete(message);
      this.options.metrics.branches.observe({ action: action?.$case ?? 'none', phase, result }, elapsed());
    }
  }

  /** Throws when it cannot know the answer, and when a fault says so. */
  private async perform(request: BranchRequest, task: Task): Promise<Answer> {
    const { phase, handler, action } = task;
    const accepted = this.terms?.accepts(request.term) ?? false;
    if (accepted !== true && !(await accepted)) return invalid('old-term');
    const before = this.hit(phase, 'before-log', request);
    if (before !== undefined) await before;
    const answer = await this.branches.perform(task);
    if (answer.type !== 'invalid' && answer.did !== undefined) {
      const { gid, branch, correlationId } = request;
      this.options.trace.note(gid, correlationId, { kind: 'did', branch, state: answer.did });
      if (action !== undefined && visible.has(answer.did)) handler.changed?.(action);
    }
    const after = this.hit(phase, 'after-log', request);
    if (after !== undefined) await after;
    return answer;
  }

  private reply(request: BranchRequest, phase: ParticipantPhase, answer: Answer): BranchReply {
    if (answer.type === 'invalid') return this.turnAway(request, phase, answer.code);
    const said = answer.type === 'done' ? 'done' : `refused ${answer.code}`;
    return this.wireReply(request, `${phase}: ${said}`, answer);
  }

  /** Nothing was changed by a message that is turned away. */
  private turnAway(request: BranchRequest, message: string, code: InvalidCode): BranchReply {
    const { gid, branch, correlationId, sender } = request;
    this.options.logger.warn({ gid, branch, message, sender, code }, 'a protocol message was turned away');
    this.options.metrics.messagesTurnedAway.inc({ code });
    this.options.trace.note(gid, correlationId, { kind: 'turned-away', message, from: sender, code });
    return this.wireReply(request, `${message}: ${code}`, invalid(code));
  }

  private wireReply(request: BranchRequest, message: string, answer: Answer): BranchReply {
    const { gid, branch, phase, correlationId, sender } = request;
    const { trace } = this.options;
    const sentAtUs = trace.note(gid, correlationId, { kind: 'sent', message, branch, to: sender });
    const code = answer.type === 'done' ? '' : answer.code;
    return { gid, branch, phase, result: wireResult[answer.type], code, sender: trace.process, sentAtUs };
  }

  /** A decision may come without its action; then the process must have one kind of branch only. */
  private handlerOf(action: BranchAction | undefined): BranchHandler | undefined {
    if (action !== undefined) return this.handlers.get(action.$case);
    return this.handlers.size === 1 ? [...this.handlers.values()][0] : undefined;
  }

  /** Undefined, the usual case, when there is nothing to wait for. */
  private hit(phase: ParticipantPhase, moment: Moment, request: BranchRequest): Promise<Hit> | undefined {
    const { service, failpoints } = this.options;
    if (service === undefined || phase === 'redo') return undefined;
    return failpoints.hit(`${service}.${phase}.${moment}`, request);
  }
}
