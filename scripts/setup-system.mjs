// `npm run setup:system`: install the system packages that tests use (real clients, other trackers); needs root.
import { installSystemPackages } from './system-packages.mjs';

installSystemPackages();
