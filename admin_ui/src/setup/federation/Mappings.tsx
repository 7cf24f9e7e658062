// What a provider's groups mean here: a line for each.
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import Input from 'antd/es/input'
import { useTranslation } from 'react-i18next'
import type { GroupMapping } from '../../api/federation'
import { NameList } from './NameList'
import { PermissionSetList } from './PermissionSetList'

interface MappingsProps {
  value: GroupMapping[]
  errors?: string[]
  onChange: (value: GroupMapping[]) => void
}

export function Mappings({ value, errors = [], onChange }: MappingsProps) {
  const { t } = useTranslation()
  const change = (place: number, changed: Partial<GroupMapping>) =>
    onChange(value.map((each, index) => (index === place ? { ...each, ...changed } : each)))
  return (
    <fieldset className="mappings">
      <legend>{t('federation.mappings')}</legend>
      {errors.length > 0 && (
        <p className="field-error" role="alert">
          {errors.join(' ')}
        </p>
      )}
      {value.map((each, place) => (
        <div key={place} className="mapping">
          <Input
            aria-label={t('federation.mappingGroup')}
            placeholder={t('federation.mappingGroup')}
            value={each.group}
            onChange={(event) => change(place, { group: event.target.value })}
          />
          <label htmlFor={`mapping-sets-${place}`} className="muted small">
            {t('federation.permissionSets')}
          </label>
          <PermissionSetList
            id={`mapping-sets-${place}`}
            value={each.permission_sets}
            onChange={(sets) => change(place, { permission_sets: sets })}
          />
          <label htmlFor={`mapping-groups-${place}`} className="muted small">
            {t('federation.publicGroups')}
          </label>
          <NameList
            id={`mapping-groups-${place}`}
            value={each.public_groups}
            onChange={(groups) => change(place, { public_groups: groups })}
          />
          <Button
            size="small"
            icon={<DeleteOutlined aria-hidden />}
            aria-label={t('federation.removeMapping', { name: each.group })}
            onClick={() => onChange(value.filter((_, index) => index !== place))}
          />
        </div>
      ))}
      <Button
        size="small"
        icon={<PlusOutlined aria-hidden />}
        onClick={() => onChange([...value, { group: '', permission_sets: [], public_groups: [] }])}
      >
        {t('federation.addMapping')}
      </Button>
    </fieldset>
  )
}
