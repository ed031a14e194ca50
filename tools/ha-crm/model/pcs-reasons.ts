import { defineCatalogue } from "../../../shared/reason/catalogue.ts";

/** What can be wrong with a command that changes a configuration. The part after the last _ of a code says no more than the sentence. */
export const pcsReasons = defineCatalogue({
  CRM_PCS_USAGE: { severity: "error", sentence: "{problem}", fix: "usage: {usage}" },
  CRM_PCS_FLAG: { severity: "error", sentence: "{flag} has no meaning here", fix: "usage: {usage}" },
  CRM_PCS_NOT_ON_FILE: {
    severity: "error",
    sentence: "{what} needs a running cluster; it can't be done on a file",
    fix: "{fix}",
  },
  CRM_PCS_REFUSED_WORD: { severity: "error", sentence: "{what} is not part of ha-crm", fix: "{fix}" },
  CRM_PCS_NO_SUCH: { severity: "error", sentence: 'there is no {what} "{id}"', fix: "{hint}" },
  CRM_PCS_ID_TAKEN: {
    severity: "error",
    sentence: 'the id "{id}" is taken already, by a {element}',
    why: "an id names one thing in the whole configuration",
    fix: "choose another id, or delete that one first",
  },
  CRM_PCS_ID_FORM: {
    severity: "error",
    sentence: '"{id}" can\'t be an id: "{sign}" must not stand {place}',
    why: "ids are names in XML: they begin with a letter or _, and go on with letters, digits, _, - and .",
    fix: "choose another id",
  },
  CRM_PCS_VALUE: { severity: "error", sentence: '"{value}" is no value for {name}', fix: "{hint}" },
  CRM_PCS_PAIR: { severity: "error", sentence: '"{word}" is not of the form name=value', fix: "usage: {usage}" },
  CRM_PCS_TWICE: {
    severity: "error",
    sentence: "{name} is given as {first} and as {second}",
    why: "only one of them could count",
    fix: "keep one",
  },
  CRM_PCS_OPTION: { severity: "error", sentence: '{what} has no option "{name}"', fix: "{hint}" },
  CRM_PCS_OPTION_MISSING: { severity: "error", sentence: "{what} needs {names}", fix: "add {example}" },
  CRM_PCS_AGENT_UNKNOWN: {
    severity: "error",
    sentence: "the agent {agent} is not installed here, and not known to ha-crm",
    why: "without its description nobody can tell which options it takes",
    fix: "install it, correct its name, or give --force to create the resource unchecked; {hint}",
  },
  CRM_PCS_AGENT_SEVERAL: {
    severity: "error",
    sentence: "{name} is the name of several agents: {agents}",
    fix: "write the whole name",
  },
  CRM_PCS_AGENT_FORM: {
    severity: "error",
    sentence: '"{agent}" is not the name of an agent',
    fix: "write class:provider:type or class:type, such as ocf:heartbeat:IPaddr2 or systemd:nginx",
  },
  CRM_PCS_STONITH_HERE: {
    severity: "error",
    sentence: "{id} would be a fencing device",
    fix: 'fencing devices are created with "ha-crm stonith create"',
  },
  CRM_PCS_NOT_STONITH: {
    severity: "error",
    sentence: "{id} is not a fencing device",
    fix: 'use "ha-crm resource {verb}" for it',
  },
  CRM_PCS_OP_ACTION: {
    severity: "error",
    sentence: "{agent} has no action {action}",
    fix: "{hint}, or give --force",
  },
  CRM_PCS_OP_SAME: {
    severity: "error",
    sentence: "{resource} would have two {name} operations with the interval {interval}",
    why: "Pacemaker tells operations of one resource apart by name and interval",
    fix: "give one of them another interval",
  },
  CRM_PCS_KIND: { severity: "error", sentence: "{id} is a {kind}; here {wanted} is needed", fix: "{fix}" },
  CRM_PCS_INSIDE: {
    severity: "error",
    sentence: "{id} is part of {outer}",
    why: "a constraint on a part of a {kind} does not say which instance it means",
    fix: "use {outer} instead, or give --force",
  },
  CRM_PCS_IN_GROUP: { severity: "error", sentence: "{id} is not in the group {group}", fix: "{hint}" },
  CRM_PCS_REFERENCED: {
    severity: "error",
    sentence: "{id} can't go: {by} still refers to it",
    fix: "delete or change that first",
  },
  CRM_PCS_SAME_CONSTRAINT: {
    severity: "error",
    sentence: "the constraint {id} says the same already",
    fix: "nothing is left to do; --force adds it a second time",
  },
  CRM_PCS_ONE_GROUP: {
    severity: "error",
    sentence: "{first} and {second} are in the same group, {group}",
    why: "a group orders its members itself",
    fix: "name the group, or leave one of them out",
  },
  CRM_PCS_RULE: { severity: "error", sentence: "this is no rule: {problem}", fix: "write {example}" },
  CRM_PCS_PROPERTY: {
    severity: "error",
    sentence: 'there is no cluster property "{name}"',
    why: "a mistyped property has no effect and nobody would notice",
    fix: "{hint}; --force sets it all the same",
  },
  CRM_PCS_PROPERTY_OWN: {
    severity: "error",
    sentence: "{name} is kept by the cluster itself",
    fix: "it can't be set; leave it out",
  },
  CRM_PCS_LAST: { severity: "error", sentence: "{what} would be left empty", fix: "{fix}" },
  CRM_PCS_LEVEL_EXISTS: {
    severity: "error",
    sentence: "level {level} for {target} with {devices} exists already",
    fix: "choose another level, or delete that one first",
  },
  CRM_PCS_NODE_UNKNOWN: {
    severity: "warning",
    sentence: "no node {node} is known in this file; the constraint will wait for it",
  },
  CRM_PCS_NO_SERVICE: {
    severity: "warning",
    sentence: "{problem}",
  },
  CRM_PCS_DEPRECATED: { severity: "warning", sentence: "{name} is an old name", fix: "{fix}" },
  CRM_PCS_FORCED: { severity: "warning", sentence: "{problem}; done because of --force" },
  CRM_PCS_NO_CLUSTER: {
    severity: "error",
    sentence: "there is no running cluster to change here",
    fix: 'name a file: "{example}"',
  },
  CRM_PCS_FILE: { severity: "error", sentence: "{file} can't be {action}: {detail}", fix: "{fix}" },
  CRM_PCS_LOCKED: {
    severity: "error",
    sentence: "another command has been changing {file} all the time",
    fix: "try again when it has ended",
  },
  CRM_IMPORT_LOST: {
    severity: "warning",
    sentence: "<{element}> is not carried over as it stands",
    why: "ha.yaml has no word for it, or for one of its attributes",
    fix: "look at what it does, and keep the CIB if it matters",
  },
  CRM_YAML_RESOURCE_FORM: {
    severity: "error",
    sentence: "the resource {id} is {found}",
    fix: "give it exactly one of agent, template, members and clone",
  },
  CRM_YAML_AGENT: {
    severity: "error",
    sentence: '"{agent}" is not the name of an agent',
    fix: "write class:provider:type or class:type, such as ocf:heartbeat:IPaddr2 or systemd:nginx",
  },
  CRM_YAML_TWICE: {
    severity: "error",
    sentence: 'the id "{id}" is used twice',
    why: "an id names one thing in the whole configuration",
    fix: "give one of them another id",
  },
  CRM_YAML_NO_SUCH: { severity: "error", sentence: '{where} names "{id}", which is no {what}', fix: "{hint}" },
  CRM_YAML_NO_SECTION: {
    severity: "error",
    sentence: "there is no section crm: in this file",
    fix: 'write one, or make one from a CIB: "ha-crm import cib.xml"',
  },
});
