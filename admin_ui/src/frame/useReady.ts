// Says that something is done, without asking for a click.
import App from 'antd/es/app'

export function useReady(): (text: string) => void {
  const { message } = App.useApp()
  return (text) => void message.success(text, 2)
}
