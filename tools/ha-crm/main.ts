/** ha-crm has no function in this version: it says so and exits with 2, so that no script takes it for done. */
process.stderr.write("ha-crm: not in this version yet. See the README for what this version does.\n");
process.exit(2);
