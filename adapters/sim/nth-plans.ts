/** Something that has to happen to the n-th of a kind, and whether it came to that. */
export type NthPlan = {
  readonly kind: string;
  /** How many of the kind are still to come, that one included. */
  left: number;
  fired: boolean;
};

/** What has to go wrong, planned by tests; one entry per plan that has not fired. */
export class NthPlans<Effect> {
  #plans: { readonly plan: NthPlan; readonly effect: Effect }[] = [];

  get pending(): boolean {
    return this.#plans.length > 0;
  }

  /** `any` counts every kind; `nth` counts from 1, from now on. */
  add(kind: string, nth: number, effect: Effect): Readonly<NthPlan> {
    const plan = { kind, left: nth, fired: false };
    this.#plans.push({ plan, effect });
    return plan;
  }

  /** One more of `kind` has come: what has to happen to it? The oldest plan wins. */
  take(kind: string): Effect | undefined {
    if (!this.pending) return undefined;
    let taken: Effect | undefined;
    for (const { plan, effect } of this.#plans) {
      if (plan.kind !== 'any' && plan.kind !== kind) continue;
      plan.left -= 1;
      if (plan.left > 0) continue;
      plan.fired = true;
      taken ??= effect;
    }
    this.#plans = this.#plans.filter(({ plan }) => !plan.fired);
    return taken;
  }
}
