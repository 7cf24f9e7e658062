// A field of which only name, label and type are known, so that its value or control can be drawn.
import type { FieldDescribe, FieldType } from '../../api/types'

export function blankField(name: string, label: string, type: FieldType): FieldDescribe {
  return {
    name,
    label,
    type,
    help: null,
    required: false,
    createable: true,
    updateable: true,
    filterable: true,
    sortable: false,
    indexed: false,
    unique: false,
    external_id: false,
    length: null,
    precision: null,
    scale: null,
    default: null,
    format: null,
    values: [],
    restricted: false,
    controlling_field: null,
    references: [],
    relationship_name: null,
    classification: 'internal',
    tracked: false,
    required_when: false,
    read_only_when: false,
    default_formula: false,
    system: false,
    custom: false,
    compound: null,
    components: [],
  }
}
