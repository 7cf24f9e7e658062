// The system fields that screens treat in their own way; every object has them or not, whatever its package.
export const OWNER = 'OwnerId'
export const RECORD_TYPE = 'RecordTypeId'
