import type { Reason } from "../../../../shared/reason/catalogue.ts";
import type { Position } from "../../../../shared/text/position.ts";
import { yamlPosition, type YamlPath, type YamlText } from "../../../../shared/text/yaml.ts";

/** Where in ha.yaml something stands, and where problems with it go. */
export class Place {
  readonly problems: Reason[];
  private readonly text: YamlText;
  private readonly path: YamlPath;

  constructor(text: YamlText, path: YamlPath, problems: Reason[]) {
    this.text = text;
    this.path = path;
    this.problems = problems;
  }

  below(...steps: YamlPath): Place {
    return new Place(this.text, [...this.path, ...steps], this.problems);
  }

  at(...steps: YamlPath): Position {
    return yamlPosition(this.text, [...this.path, ...steps]);
  }
}
