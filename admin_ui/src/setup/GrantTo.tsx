// Who may use what is made: permission sets of the tenant's own; none named means the maker's customisations set.
import { useQuery } from '@tanstack/react-query'
import Select from 'antd/es/select'
import { useTranslation } from 'react-i18next'
import { permissionSets } from '../api/setup'
import { FieldRow } from '../records/fields/FieldRow'

export function GrantTo({ value, onChange }: { value: string[]; onChange: (names: string[]) => void }) {
  const { t } = useTranslation()
  const sets = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
  const own = (sets.data?.permission_sets ?? []).filter((set) => set.custom)
  return (
    <FieldRow id="grant-to" label={t('setup.grantTo')} help={t('setup.grantToHelp')}>
      <Select
        id="grant-to"
        mode="multiple"
        className="fill"
        value={value}
        placeholder={t('setup.grantToDefault')}
        virtual={false}
        options={own.map((set) => ({ value: set.name, label: set.label }))}
        onChange={onChange}
      />
    </FieldRow>
  )
}
