/** A failure that the user is told as it is, without a stack: it says what is wrong and what to do. */
export class Failure extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Failure';
  }
}
