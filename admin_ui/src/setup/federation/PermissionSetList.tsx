// Several permission sets of the organisation.
import { useQuery } from '@tanstack/react-query'
import Select from 'antd/es/select'
import { permissionSets } from '../../api/setup'

interface PermissionSetListProps {
  id: string
  value: string[]
  label?: string
  onChange: (value: string[]) => void
}

export function PermissionSetList({ id, value, label, onChange }: PermissionSetListProps) {
  const all = useQuery({ queryKey: ['setup', 'permission-sets'], queryFn: permissionSets })
  return (
    <Select
      id={id}
      mode="multiple"
      aria-label={label}
      virtual={false}
      loading={all.isPending}
      optionFilterProp="label"
      value={value}
      options={(all.data?.permission_sets ?? []).map((each) => ({ value: each.name, label: each.label }))}
      onChange={onChange}
    />
  )
}
