import type { handleServerStreamingCall, Server } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

type Watch = handleServerStreamingCall<{ service: string }, { status: string }>;

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
    this.#implementation.addToServer({
      addService: (service, handlers) => {
        const watch = handlers.watch as Watch;
        server.addService(service, { ...handlers, watch: this.#watchOf(watch) });
      },
    });
  }

  /** The library never forgets a name that was watched; of those that aren't ours there is nothing to be told later. */
  #watchOf(watch: Watch): Watch {
    return (call) => {
      if (this.#services.includes(call.request.service)) watch(call);
      else call.write({ status: 'SERVICE_UNKNOWN' });
    };
  }

  /** Tell all who ask or watch that there is nothing to be had here any more. */
  stopServing(): void {
    for (const service of this.#services) {
      this.#implementation.setStatus(service, 'NOT_SERVING');
    }
  }
}
