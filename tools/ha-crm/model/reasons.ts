import { defineCatalogue } from "../../../shared/reason/catalogue.ts";

/** Everything ha-crm may have to say about a configuration. */
export const crmReasons = defineCatalogue({
  CRM_XML_SYNTAX: { severity: "error", sentence: "this is not well-formed XML: {detail}" },
  CRM_XML_TOO_BIG: {
    severity: "error",
    sentence: "the text is larger than {most} characters",
    why: "a limit keeps a wrong file from taking all memory",
  },
  CRM_CIB_ROOT: {
    severity: "error",
    sentence: "the root element is <{found}>, not <cib>",
    fix: 'save the whole CIB with "cibadmin --query" or "pcs cluster cib FILE"',
  },
  CRM_CIB_MISSING: { severity: "error", sentence: '<{element}> needs the attribute "{attribute}"' },
  CRM_CIB_DUPLICATE_ID: {
    severity: "error",
    sentence: 'the id "{id}" is used twice',
    why: "an id names one thing in the whole configuration",
  },
  CRM_CIB_UNKNOWN: {
    severity: "warning",
    sentence: "<{element}> is not known here and has no effect",
  },
  CRM_OPTION_LOST: {
    severity: "notice",
    sentence: "{name} has no effect",
    why: "{why}",
    fix: "nothing, unless you count on it",
  },
  CRM_CIB_BUNDLE: {
    severity: "warning",
    sentence: "the bundle {id} is left out",
    why: "containers are not scheduled yet",
  },
  CRM_CIB_REFERENCE: {
    severity: "error",
    sentence: '{what} "{id}" doesn\'t exist',
    fix: "{hint}",
  },
  CRM_CIB_VALUE: {
    severity: "warning",
    sentence: '"{value}" is no value for {name}; {used} is used',
  },
  CRM_SIM_FILE: { severity: "error", sentence: "{file} can't be read: {detail}" },
  CRM_SIM_REMOTE: {
    severity: "error",
    sentence: "{name} is a remote node, which is up where its connection is up",
    fix: "let the connection fail (--op-inject {name}_monitor_60000@HOST=1), or the node that holds it (--node-fail HOST)",
  },
  CRM_SIM_FORM: {
    severity: "error",
    sentence: '"{value}" is no value for --{option}',
    fix: "write it as {example}",
  },
  CRM_SIM_UNKNOWN: { severity: "error", sentence: 'there is no {what} "{name}"', fix: "{hint}" },
  CRM_SIM_DATE: {
    severity: "error",
    sentence: '"{value}" is no date',
    fix: 'write it as in ISO 8601: "2026-03-29 02:30:00Z"',
  },
  CRM_PLAN_DROPPED: {
    severity: "warning",
    sentence: "{first} before {then} was given up: it contradicts other orderings",
    why: "a loop of orderings can't be kept; without the weakest one the plan can be carried out",
    fix: "{hint}",
  },
});
