/**
 * Messages under way. Nothing is promised about them: they may arrive late, in any order, more than once or not
 * at all. Which of it happens is the choice of whoever drives the simulation.
 */
export class Network<Message> {
  private readonly underWay: Message[] = [];

  get size(): number {
    return this.underWay.length;
  }

  send(message: Message): void {
    this.underWay.push(message);
  }

  /** Takes a message out, to be delivered or lost; `choice` is any whole number, 0 the oldest message. */
  take(choice: number): Message | undefined {
    return this.underWay.splice(choice % this.size, 1)[0];
  }

  /** A copy of a message that stays under way. */
  copy(choice: number): Message | undefined {
    return this.underWay[choice % this.size];
  }
}
