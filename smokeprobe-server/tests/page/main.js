// All tests of the page, in one process: they share a browser and a site.

import "./support/stage.js";
import "./bars.test.js";
import "./looks.test.js";
import "./tree.test.js";
