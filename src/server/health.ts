import type { Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

/** `grpc.health.v1.Health`, as load balancers and container platforms ask it. */
export class Health {
  readonly #services: string[];
  readonly #implementation: HealthImplementation;

  /** Tells of the server as a whole (the empty name) and of each of these services. */
  constructor(services: readonly string[]) {
    this.#services = ['', ...services];
    this.#implementation = new HealthImplementation(
      Object.fromEntries(this.#services.map((service) => [service, 'SERVING'])),
    );
  }

  addTo(server: Server): void {
    this.#implementation.addToServer(server);
  }

  /** Tell all who ask or watch that there is nothing to be had here any more. */
  stopServing(): void {
    for (const service of this.#services) {
      this.#implementation.setStatus(service, 'NOT_SERVING');
    }
  }
}
