/** Each request earns a twelfth and a half of a retry. */
export const earnedByRequest = 0.08;
/** Enough for the requests that were under way on a copy that dies. */
export const mostSaved = 20;

/**
 * Bounds retries by requests (Google, "Site Reliability Engineering", chapter 22; Finagle's RetryBudget): retries help when one copy
 * fails, and when all do they are load for nothing. Of any 1,000 requests in a row, or more, at most a tenth is sent again: the 20
 * that may have been saved, and 0.08 for each.
 */
export class RetryBudget {
  private saved = 0;

  /** A request is made for the first time. */
  earn(): void {
    this.saved = Math.min(mostSaved, this.saved + earnedByRequest);
  }

  /** Whether no retry could be made now. */
  get isSpent(): boolean {
    return this.saved < 1;
  }

  /** Whether a retry may be made, which is then paid. */
  spend(): boolean {
    if (this.isSpent) return false;
    this.saved -= 1;
    return true;
  }
}
