// The shapes of the HTTP contract, as docs/reference/ui-api.md has them.
import type { LoginRestriction } from './security'

export type Language = 'en_US' | 'zh_CN'

/** What a field of a record may hold as JSON. A multi-picklist is "A;B"; a percent is a fraction; times are ISO 8601 UTC. */
export type FieldJson = string | number | boolean | null

export type Values = Record<string, FieldJson>
export type Labels = Record<string, string>

export interface Problem {
  message: string
  errorCode: string
  fields?: string[]
  duplicateResult?: DuplicateResult
  /** What a session lacks before anything else may be done. */
  pending?: 'second_factor' | 'enrol_factor' | 'new_password'
}

/** What a duplicate rule found, in the field's shape. */
export interface DuplicateResult {
  allowSave: boolean
  duplicateRule: string
  duplicateRuleEntityType: string
  errorMessage: string
  hasHiddenMatches: boolean
  matchResults: { entityType: string; matchRecords: DuplicateMatch[] }[]
}

export interface DuplicateMatch {
  matchConfidence: number
  record: { attributes: { type: string }; Id: string; [field: string]: unknown }
}

export interface Tab {
  kind: 'page' | 'object'
  name: string
  label: string
  icon: string | null
}

export interface AppDescribe {
  name: string
  label: string
  icon: string | null
  tabs: Tab[]
}

export interface Bootstrap {
  csrf_token: string
  version: string
  user: { id: string; name: string; username: string; language: Language; time_zone: string; role: string | null }
  /** Who really acts, where somebody signed in as the user. */
  acting: { id: string; name: string } | null
  tenant: { name: string; label: string; organization_id: string; currency: string; region: string | null }
  permissions: string[]
  apps: AppDescribe[]
}

export type FieldType =
  | 'id'
  | 'text'
  | 'long_text'
  | 'rich_text'
  | 'number'
  | 'currency'
  | 'percent'
  | 'date'
  | 'datetime'
  | 'time'
  | 'checkbox'
  | 'picklist'
  | 'multi_picklist'
  | 'email'
  | 'phone'
  | 'url'
  | 'auto_number'
  | 'lookup'
  | 'master_detail'
  | 'geolocation'
  | 'address'

export interface PicklistValue {
  value: string
  label: string
  active: boolean
  default?: boolean
  controlled_by: string[]
}

export interface FieldDescribe {
  name: string
  label: string
  type: FieldType
  help: string | null
  required: boolean
  createable: boolean
  updateable: boolean
  filterable: boolean
  sortable: boolean
  indexed: boolean
  unique: boolean
  external_id: boolean
  length: number | null
  precision: number | null
  scale: number | null
  default: FieldJson
  format: string | null
  values: PicklistValue[]
  restricted: boolean
  controlling_field: string | null
  references: string[]
  relationship_name: string | null
  classification: string
  tracked: boolean
  /** Stored as ciphertext: it is found by its whole value at most. */
  encrypted?: boolean
  /** A formula decides: whether it must be filled, may be changed, or what it starts with. */
  required_when: boolean
  read_only_when: boolean
  default_formula: boolean
  system: boolean
  custom: boolean
  compound: string | null
  components: string[]
  /** The user sees it masked in some record; and may ask for the value of one. */
  masked?: boolean
  revealable?: boolean
  package?: string | null
}

export interface RecordType {
  id: string
  name: string
  label: string
  default: boolean
  picklists: Record<string, string[]>
}

export interface Section {
  label: string
  columns: number
  fields: string[]
}

export interface RelatedListDescribe {
  relationship: string
  label: string
  object: string
  field: string
  columns: string[]
  order_by: Order[]
}

export interface Layout {
  name: string
  record_types: string[] | null
  sections: Section[]
  related_lists: RelatedListDescribe[]
}

export interface Stage {
  value: string
  label: string
  guidance: string | null
  key_fields: string[]
  closed: boolean
  lost: boolean
}

export interface Path {
  name: string
  field: string
  record_type: string | null
  stages: Stage[]
}

export type Operator = '=' | '!=' | '<' | '<=' | '>' | '>=' | 'LIKE' | 'IN' | 'NOT IN' | 'INCLUDES' | 'EXCLUDES'

export interface Filter {
  field: string
  operator: Operator
  value: FieldJson | FieldJson[]
}

export interface Order {
  field: string
  descending: boolean
}

export type Owner = 'everyone' | 'mine'

export interface ListView {
  name: string
  label: string
  columns: string[]
  filters: Filter[]
  logic: string | null
  order_by: Order[]
  owner: Owner
  default: boolean
  custom: boolean
}

export interface ObjectPermissions {
  create: boolean
  read: boolean
  update: boolean
  delete: boolean
  view_all: boolean
}

export interface Child {
  relationship: string
  object: string
  field: string
  label: string
}

export interface ObjectDescribe {
  name: string
  label: string
  plural_label: string
  key_prefix: string
  icon: string | null
  custom: boolean
  has_owner: boolean
  searchable: boolean
  name_field: string
  permissions: ObjectPermissions
  fields: Record<string, FieldDescribe>
  record_types: RecordType[]
  layouts: Layout[]
  paths: Path[]
  list_views: ListView[]
  children: Child[]
  compact_fields: string[]
  /** Whether a duplicate rule in force is about the object. */
  finds_duplicates?: boolean
  /** The checks of a person's identity that the user may make on the object's records. */
  identity_checks?: IdentityCheck[]
  description?: string | null
  sharing?: string
  package?: string | null
}

export interface IdentityCheck {
  name: string
  label: string
}

export type ExportFormat = 'csv' | 'xlsx' | 'parquet'

export interface ListRequest {
  columns: string[]
  filters: Filter[]
  logic: string | null
  owner: Owner
  order_by: Order[]
  search: string | null
  limit: number
  after: string | null
}

export interface ListColumn {
  path: string
  label: string
  type: FieldType
  object: string
  field: string
  sortable: boolean
  filterable: boolean
  updateable: boolean
}

export interface ListRecord {
  id: string
  version: number
  record_type_id: string | null
  values: Values
  labels: Labels
  /** The paths whose values this record shows masked. */
  masked?: string[]
}

export interface ListAnswer {
  columns: ListColumn[]
  records: ListRecord[]
  next: string | null
}

export interface RecordAnswer {
  object: string
  id: string
  version: number
  record_type: string | null
  values: Values
  labels: Labels
  permissions: { update: boolean; delete: boolean }
  is_deleted: boolean
  masked?: string[]
}

export interface Written {
  id: string
  version: number
  /** False: no new record was made, the one of this id took what was sent. */
  created?: boolean
  /** What the server tells besides of what it saved all the same. */
  warnings?: { message: string; duplicateResult?: DuplicateResult }[]
}

export interface Person {
  id: string
  name: string
}

export interface FieldChange {
  field: string
  label: string
  old: FieldJson
  new: FieldJson
  date: string
  by: Person
  masked?: boolean
}

export interface DeletedRecord {
  id: string
  object: string
  object_label: string
  name: string
  deleted_date: string
  deleted_by: Person | null
}

export interface Detail {
  label: string
  value: string
}

export interface SearchGroup {
  object: string
  label: string
  icon: string | null
  records: { id: string; name: string; details: Detail[] }[]
}

export interface LookupRecord {
  id: string
  object: string
  name: string
  details: Detail[]
}

// Setup

export interface SetupUser {
  id: string
  name: string
  username: string
  email: string | null
  is_active: boolean
  role: Person | null
  language: Language
  time_zone: string
  permission_sets: string[]
  last_login: string | null
  locked: boolean
  user_type: string | null
  factors: number
}

export interface UserDraft {
  username: string
  last_name: string
  first_name: string
  email: string
  language: Language
  time_zone: string
  role_id: string | null
  permission_sets: string[]
  is_active: boolean
}

export interface Role {
  id: string
  name: string
  label: string
  parent_id: string | null
}

export interface PermissionSetSummary {
  name: string
  label: string
  description: string | null
  package: string | null
  custom: boolean
  includes: string[]
  users: number
}

export type ObjectRight = 'create' | 'read' | 'update' | 'delete' | 'view_all' | 'modify_all'
export type FieldRight = 'read' | 'edit' | 'none'

export interface PermissionSetDraft {
  label: string
  description: string | null
  objects: Record<string, ObjectRight[]>
  fields: Record<string, FieldRight>
  system: string[]
  apps: string[]
  custom_permissions?: string[]
  for_automation?: boolean
  login?: LoginRestriction
  /** Of a group of permission sets: the sets in it, and what is taken from them. */
  includes?: string[]
  muting?: Muting
}

export interface Muting {
  objects?: Record<string, ObjectRight[]>
  fields?: Record<string, 'read' | 'edit'>
  permissions?: string[]
}

export interface PermissionSet extends PermissionSetDraft {
  name: string
  package: string | null
  custom: boolean
  users: { id: string; name: string; username: string }[]
}

export interface SetupObject {
  name: string
  label: string
  plural_label: string
  key_prefix: string
  package: string | null
  custom: boolean
  fields: number
  sharing: string
}

export interface ObjectDraft {
  name: string
  label: string
  plural_label: string
  name_field: { type: 'text' | 'auto_number'; label: string; format: string | null }
  sharing: string
  icon: string | null
  description: string | null
  grant_to?: string[]
}

/** A field as the package format writes it; which keys apply depends on the type. */
export interface FieldDraft {
  name: string
  label: string
  type: FieldType
  help?: string | null
  required?: boolean
  unique?: boolean
  external_id?: boolean
  indexed?: boolean
  tracked?: boolean
  encrypted?: boolean
  classification?: string
  length?: number
  precision?: number
  scale?: number
  default?: FieldJson
  format?: string
  values?: { value: string; label: string; active?: boolean; controlled_by?: string[] }[]
  restricted?: boolean
  controlling_field?: string
  references?: string | string[]
  relationship_name?: string
  child_label?: string
  on_delete?: string
  grant_to?: string[]
}

export interface SetupPackage {
  name: string
  label: string
  description: string | null
  publisher: string
  versions: string[]
  installed: string | null
  depends_on: Record<string, string>
  objects: number
}

export interface SessionSummary {
  id: string
  user: Person
  kind: string
  ip: string | null
  user_agent: string | null
  device: string | null
  acting: Person | null
  created: string
  last_seen: string | null
}

export interface InboundProblem {
  message: string
  line: number | null
  column: number | null
}

export interface InboundMessage {
  id: string
  mapping: string
  message_id: string | null
  received: string
  status: string
  problems: InboundProblem[]
  records: string[]
}

/** What opens the door is shown once, when the key is made. */
export interface InboundKey {
  id: string
  label: string
  created: string
  run_as: Person & { username: string; is_active: boolean }
}

export interface InboundKeyDraft {
  label: string
  run_as_user_id: string | null
  /** No document that comes with it may be larger; null: what mappings allow. */
  max_bytes: number | null
}
