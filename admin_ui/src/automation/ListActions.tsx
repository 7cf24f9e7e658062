// The buttons of flows in a list, for the records that are selected.
import { ThunderboltOutlined } from '@ant-design/icons'
import Button from 'antd/es/button'
import { useFlowButtons } from './useFlowButtons'
import { useFlowRunner } from './useFlowRunner'

export function ListActions({ object, selected }: { object: string; selected: ReadonlySet<string> }) {
  const buttons = useFlowButtons(object, 'list')
  const { press, running, dialog } = useFlowRunner()
  return (
    <>
      {buttons.map((button) => (
        <Button
          key={button.name}
          icon={<ThunderboltOutlined aria-hidden />}
          loading={running === button.name}
          onClick={() => press(button, [...selected])}
        >
          {button.label}
        </Button>
      ))}
      {dialog}
    </>
  )
}
