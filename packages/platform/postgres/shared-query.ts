/**
 * One query for all who ask while another is under way. Whoever asks joins the next one and never one that was sent
 * already: the answer is from after the question.
 */
export class SharedQuery<Answer> {
  private next: Promise<Answer> | undefined;
  private sent: Promise<unknown> = Promise.resolve();

  constructor(private readonly send: () => Promise<Answer>) {}

  ask(): Promise<Answer> {
    this.next ??= this.sendNext();
    return this.next;
  }

  private async sendNext(): Promise<Answer> {
    await this.sent;
    this.next = undefined;
    const answer = this.send();
    this.sent = answer.catch(() => undefined);
    return answer;
  }
}
